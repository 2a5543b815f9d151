import { describe, expect, it } from 'vitest';
import { type Collection, type Head, head, load, made, type PaperTable } from './paper-modules.js';

const { TABLES } = await load('tables/index.mjs');

const NO_CIFAR100 = 'CIFAR100: no data; data has no cifar-100-binary.';
const NO_MINI = 'mini-ImageNet-LT: no data; data has no mini-imagenet-lt.';

function render(name: string, collection: Partial<Collection>): PaperTable {
  const table = TABLES.find((one) => one.name === name);
  if (!table) throw new Error(`no table ${name}`);
  return table.render({ measurements: [], noData: new Map(), ...collection });
}

const rowOf = (table: PaperTable, ...start: string[]) =>
  table.rows.find((row) => start.every((cell, i) => row[i] === cell));

const adjusted = (percent: number[], { tau = 1.2, gamma = 0.2, code = false } = {}): Head[] => [
  head('none', percent),
  head('additive', [80, 70, 70, 60], { tau }),
  head('multiplicative', [82, 70, 70, 50], { gamma }),
  head('multiplicative-code', code ? [84, 70, 70, 50] : [82, 70, 70, 50], { gamma: 2 * gamma }),
];

it('has every table of the paper with figures, by name and in its order', () => {
  expect(TABLES.map(({ name }) => name)).toEqual(
    ['1', '2', '3', '4', '5', '9', '10', '11', '12', '13', '14', '15', '16']
      .map((number) => `table${number}`)
      .concat('others'),
  );
  for (const { name, title } of TABLES.slice(0, -1))
    expect(title).toMatch(new RegExp(`^Table ${name.slice(5)}\\. `));
});

describe.each(TABLES.map(({ name }) => name))('%s', (name) => {
  it('survives that there is no model, and no data', () => {
    const sets = ['cifar10', 'cifar100', 'mini-imagenet-lt', 'imagenet-lt', 'helena', 'mnist'];
    for (const noData of [new Map(), new Map(sets.map((set) => [set, `${set} is not there.`]))]) {
      const { columns, rows, missing, title } = render(name, { noData });
      expect(title.length).toBeGreaterThan(10);
      for (const row of rows) {
        expect(row).toHaveLength(columns.length);
        expect(row.join(' ')).not.toMatch(/undefined|NaN/);
        expect(row.some((cell) => /^\d+\.\d/.test(cell))).toBe(false);
      }
      expect(missing.length).toBeGreaterThan(0);
      if (name === 'others') expect(rows).toEqual([]);
      else expect(missing.every((sentence) => /no model|is not there/.test(sentence))).toBe(true);
    }
  });
});

describe('Table 1', () => {
  const measurements = [
    made({ method: 'ce', fdr: [12.34, 9.876] }),
    ...[60, 62, 64].map((fdr, seed) => made({ method: 'ce-wd', seed, fdr: [fdr, 1234 + seed] })),
    made({ method: 'ce-wd', epochs: 80, name: 'eighty', fdr: [99, 99] }),
    made({ method: 'wd-fixed-bn', bnScale: 0.1, fdr: [0.0123, 100] }),
  ];
  const table = render('table1', {
    measurements,
    noData: new Map([
      ['cifar100', NO_CIFAR100],
      ['mini-imagenet-lt', NO_MINI],
    ]),
  });

  it('has the rows and words of the paper', () => {
    expect(table.rows.map(([method]) => method)).toEqual([
      ...['CE w/o WD', 'CB w/o WD', 'CE w/ WD', 'CB w/ WD', 'WD w/o BN', 'WD fixed BN'],
    ]);
    expect(table.columns).toEqual([
      ...['Method', 'CIFAR10-LT train', 'CIFAR10-LT test', 'CIFAR100-LT train', 'CIFAR100-LT test'],
      ...['mini-ImageNet-LT train', 'mini-ImageNet-LT test'],
    ]);
  });

  it('has mean ± sd of several seeds, plain figures of one, and says what is not there', () => {
    expect(table.rows.map((row) => row.slice(1, 4))).toEqual([
      ['12.3', '9.88', 'no data'],
      ['–', '–', 'no data'],
      ['62.0 ± 2.0', '1,235 ± 1', 'no data'],
      ['–', '–', 'no data'],
      ['–', '–', 'no data'],
      ['0.0123', '100', 'no data'],
    ]);
    expect(table.missing).toEqual([
      'CIFAR10-LT, ResNet20, 40 epochs: no model of CB w/o WD (cb), CB w/ WD (cb-wd), WD w/o BN (wd-without-bn).',
      'eighty is left out: it was trained for 80 epochs, and more methods were trained for 40 (3 against 1).',
      NO_CIFAR100,
      NO_MINI,
    ]);
  });

  it('names network, epochs and seeds, and what the paper has in their place', () => {
    expect(table.notes[0]).toBe(
      'CIFAR10-LT (ρ = 100): ResNet20, 40 epochs (the paper: ResNet34, 320 epochs); seed 0; seeds 0, 1, 2 of CE w/ WD.',
    );
    expect(table.notes).toContain('CIFAR10-LT, WD fixed BN: every scale of BN is 0.1, every shift 0.');
    const [note] = render('table1', {
      measurements: [made({ method: 'ce', network: 'resnet34', epochs: 320 })],
    }).notes;
    expect(note).toBe('CIFAR10-LT (ρ = 100): ResNet34, 320 epochs; seed 0.');
  });

  it('has a block for every network, the paper’s first', () => {
    const { columns, rows } = render('table1', {
      measurements: [
        made({ method: 'ce', fdr: [1, 2] }),
        made({ method: 'ce', network: 'resnet34', epochs: 320, fdr: [3, 4] }),
      ],
    });
    expect(columns.slice(1, 5)).toEqual([
      ...['CIFAR10-LT, ResNet34 train', 'CIFAR10-LT, ResNet34 test'],
      ...['CIFAR10-LT, ResNet20 train', 'CIFAR10-LT, ResNet20 test'],
    ]);
    expect(rows[0].slice(1, 5)).toEqual(['3.00', '4.00', '1.00', '2.00']);
  });
});

it('Tables 2 and 3 have scales and shifts of batch normalisation', () => {
  const bn = (scaleMean: number, shiftSd: number) => ({ batchNorm: { scaleMean, shiftSd, layers: [] } });
  const measurements = [
    made({ method: 'ce' }, bn(1.02, 0.25)),
    made({ method: 'ce-wd' }, bn(0.1, 0.2)),
    made({ method: 'ce-wd', seed: 1 }, bn(0.3, 0.24)),
  ];
  expect(render('table2', { measurements }).rows).toEqual([
    ['CE w/o WD', '1.02', '–', '–'],
    ['CE w/ WD', '0.200 ± 0.141', '–', '–'],
  ]);
  expect(render('table3', { measurements }).rows.map((row) => row[1])).toEqual(['0.250', '0.220 ± 0.028']);
  const without = [made({ method: 'ce' }, { batchNorm: null })];
  expect(render('table2', { measurements: without }).rows[0][1]).toBe('–');
});

describe('Tables 4 and 10', () => {
  const steps = (...means: number[]) =>
    means.map((mean, layers) => ({ layers, mean, sd: layers / 2, seeds: 5 }));
  const layers = { randomLayers: { train: steps(10, 20, 15, 12), test: steps(5, 6, 4, 3) } };
  const measurements = [
    made({ method: 'ce-wd' }, layers),
    made({ method: 'ce', dataset: 'mnist', network: 'mlp5', imbalanceFactor: 0, title: 'MNIST' }, layers),
    made({ method: 'ce-wd', dataset: 'mnist', network: 'mlp3', imbalanceFactor: 0, title: 'MNIST' }, layers),
  ];

  it('puts before and after side by side, a row for each network and data set', () => {
    const table = render('table4', { measurements, noData: new Map([['cifar100', NO_CIFAR100]]) });
    expect(table.rows.map((row) => row.slice(0, 3).join(' '))).toEqual([
      ...[
        'ResNet34 C100 –',
        'ResNet34 C100-LT –',
        'ResNet34 C10 –',
        'ResNet20 C10-LT train',
        'ResNet20 C10-LT test',
      ],
      ...['ResNet34 mIm –', 'ResNet34 mIm-LT –', 'MLP3 MNIST train', 'MLP3 MNIST test', 'MLP4 MNIST –'],
      ...['MLP5 MNIST train', 'MLP5 MNIST test', 'ResBlock1 MNIST –', 'ResBlock2 MNIST –'],
    ]);
    expect(rowOf(table, 'ResNet20', 'C10-LT', 'test')?.slice(3)).toEqual([
      '–',
      '–',
      '–',
      '–',
      '5.00',
      '6.00',
    ]);
    expect(rowOf(table, 'MLP5', 'MNIST', 'train')?.slice(3)).toEqual(['10.0', '20.0', '–', '–', '–', '–']);
    expect(rowOf(table, 'ResNet34', 'C100')?.slice(3)).toEqual(Array(6).fill('no data'));
    expect(rowOf(table, 'ResNet34', 'C10')?.slice(3)).toEqual(Array(6).fill('–'));
    expect(table.missing).toContain('MNIST, MLP4: no model.');
    // sd 0.5 of 6 is the largest share.
    expect(table.notes.join(' ')).toContain('at most 8.3 %');
  });

  it('counts layers, MLP5 first', () => {
    const { columns, rows } = render('table10', { measurements });
    expect(columns.slice(4)).toEqual(['0', '1', '2', '3']);
    expect(rows).toEqual([
      ['MLP5', 'MNIST', 'CE', 'train', '10.0', '20.0', '15.0', '12.0'],
      ['MLP5', 'MNIST', 'CE', 'test', '5.00', '6.00', '4.00', '3.00'],
      ['ResNet20', 'CIFAR10-LT (ρ = 100)', 'WD', 'train', '10.0', '20.0', '15.0', '12.0'],
      ['ResNet20', 'CIFAR10-LT (ρ = 100)', 'WD', 'test', '5.00', '6.00', '4.00', '3.00'],
      ['MLP3', 'MNIST', 'WD', 'train', '10.0', '20.0', '15.0', '12.0'],
      ['MLP3', 'MNIST', 'WD', 'test', '5.00', '6.00', '4.00', '3.00'],
    ]);
    const without = render('table10', { measurements: measurements.slice(0, 1) });
    expect(without.rows.slice(0, 3).map((row) => row.slice(0, 5))).toEqual(
      ['CE', 'WD w/o BN', 'WD'].map((method) => ['MLP5', 'MNIST', method, '–', '–']),
    );
    expect(without.missing).toContain('MNIST, MLP5: no model.');
  });
});

describe('Table 12, and its siblings', () => {
  const second = ['wb', 'wb-published'].map((name, i) => head(name, [88, 84, 74, 50 + i]));
  const measurements = [
    ...[30, 34].map((few, seed) =>
      made({
        ...{ method: 'ce-wd', seed, fdr: [60 + seed, 20] },
        heads: [...adjusted([90, 80, 60, few], { tau: 1 + seed, gamma: 0.2, code: true }), ...second],
      }),
    ),
    made({ method: 'wd-fr-etf', fdr: [80, 24], heads: adjusted([90, 80, 60, 30]) }),
    made({ method: 'wd-etf-dr', fdr: [30, 11], heads: [head('none', [90, 80, 60, 10])] }),
  ];
  const table = render('table12', { measurements });

  it('has the rows and columns of the paper', () => {
    expect(table.title).toBe('Table 12. FDR and accuracy on CIFAR10-LT: ResNet20, 40 epochs');
    expect(table.columns).toEqual([
      'Method',
      'LA',
      'FDR train',
      'FDR test',
      'Many',
      'Medium',
      'Few',
      'Average',
    ]);
    expect(table.rows.map(([method, la]) => `${method} ${la}`)).toEqual([
      ...['CE N/A', 'CB N/A', 'WD N/A', 'WD Add', 'WD Mult', 'WD Mult (code)', 'WB N/A', 'WB (code) N/A'],
      ...['WD&ETF N/A', 'WD&ETF Add', 'WD&ETF Mult', 'WD&FR&ETF N/A', 'WD&FR&ETF Add', 'WD&FR&ETF Mult'],
      ...['WD w/o BN & ETF N/A', 'WD w/o BN & ETF Add', 'WD w/o BN & ETF Mult'],
      ...['WD fixed BN & ETF N/A', 'WD fixed BN & ETF Add', 'WD fixed BN & ETF Mult'],
    ]);
    const main = ['table5', 'table14', 'table15', 'table16'].map((name) => render(name, {}).rows.length);
    expect(main).toEqual([13, 13, 13, 13]);
    expect(render('table11', {}).rows).toHaveLength(6);
    expect(render('table13', {}).rows).toHaveLength(19);
  });

  it('has exact cells', () => {
    const cells = (...start: string[]) => rowOf(table, ...start)?.slice(2);
    expect(cells('WD', 'N/A')).toEqual([
      ...['60.5 ± 0.7', '20.0 ± 0.0', '85.0 ± 0.0', '60.0 ± 0.0', '32.0 ± 2.8', '65.5 ± 0.7'],
    ]);
    expect(cells('WD', 'Mult (code)')?.slice(2)).toEqual([
      '77.0 ± 0.0',
      '70.0 ± 0.0',
      '50.0 ± 0.0',
      '68.5 ± 0.0',
    ]);
    expect(cells('WB', 'N/A')).toEqual([
      '60.5 ± 0.7',
      '20.0 ± 0.0',
      '86.0 ± 0.0',
      '74.0 ± 0.0',
      '50.0 ± 0.0',
      '74.0 ± 0.0',
    ]);
    expect(cells('WB (code)')?.[4]).toBe('51.0 ± 0.0');
    expect(cells('WD&FR&ETF', 'Mult')).toEqual(['80.0', '24.0', '76.0', '70.0', '50.0', '68.0']);
    expect(cells('CE')).toEqual(Array(6).fill('–'));
  });

  it('says what validation chose, and what WB is', () => {
    const notes = table.notes.join('\n');
    expect(notes).toContain(
      'Chosen, seed by seed: WD: Add τ = 1, 2 and Mult γ = 0.2, 0.2 and Mult (code) γ = 0.4, 0.4; WD&FR&ETF: Add τ = 1.2 and Mult γ = 0.2.',
    );
    expect(notes).toMatch(/best average on validation/);
    expect(notes).toMatch(/WB: the second stage.* β = 1 .* β = 0\.9999/);
    const bare = render('table12', { measurements: [made({ method: 'ce' })] });
    expect(bare.notes.join()).not.toMatch(/Chosen|second stage/);
  });

  it('names the groups that no class belongs to', () => {
    const groups = ['many', 'many', 'many', 'many'];
    const flat = {
      ...head('none', [90, 80, 60, 30]),
      test: { average: 0.65, many: 0.65, perClass: [0.9, 0.8, 0.6, 0.3] },
    };
    const { rows, missing } = render('table12', {
      measurements: [made({ method: 'ce', heads: [flat] }, { groups })],
    });
    expect(rows[0].slice(4)).toEqual(['65.0', '–', '–', '65.0']);
    expect(missing).toContain(
      'CIFAR10-LT (ρ = 100): no class has fewer than 200 training samples, so that few is empty.',
    );
  });

  it('has one row for a data set that is not there', () => {
    const noData = new Map([['cifar100', NO_CIFAR100]]);
    expect(render('table5', { noData }).rows).toEqual([['all methods', ...Array(7).fill('no data')]]);
    const { rows, columns } = render('table9', { measurements, noData });
    expect(columns.slice(0, 3)).toEqual(['Dataset', 'Method', 'LA']);
    expect(rows.map((row) => row.slice(0, 4))).toEqual([
      ['CIFAR100-LT', 'all methods', 'no data', 'no data'],
      ['CIFAR10-LT', 'WD&ETF', 'N/A', '–'],
      ['CIFAR10-LT', 'WD&ETF&DR', 'N/A', '30.0'],
    ]);
  });

  it('prefers what was measured to the news that there are no data', () => {
    const noData = new Map([['cifar10', 'CIFAR10: no data.']]);
    expect(render('table12', { measurements, noData })).toEqual(table);
  });

  it('keeps ResNeXt50 for Table 15', () => {
    const next = [made({ method: 'ce', dataset: 'cifar100', network: 'resnext50', fdr: [7, 7] })];
    expect(rowOf(render('table15', { measurements: next }), 'CE')?.[2]).toBe('7.00');
    expect(rowOf(render('table5', { measurements: next }), 'CE')?.[2]).toBe('–');
  });
});

it('has a table for what the paper does not have', () => {
  const table = { dataset: 'table:krkopt.tsv.gz', network: 'table-mlp', imbalanceFactor: 0, title: 'krkopt' };
  const { columns, rows } = render('others', {
    measurements: [
      made({ method: 'ce-wd', ...table, heads: adjusted([90, 80, 60, 30]) }),
      made({ method: 'ce', imbalanceFactor: 10, title: 'CIFAR10-LT (ρ = 10)' }),
      made({ method: 'ce' }),
      made({ method: 'ce', dataset: 'mnist', network: 'mlp3', imbalanceFactor: 0, title: 'MNIST' }),
    ],
  });
  expect(columns.slice(0, 4)).toEqual(['Dataset', 'Network', 'Method', 'LA']);
  expect(rows.map((row) => row.slice(0, 4))).toEqual([
    ['CIFAR10-LT (ρ = 10)', 'ResNet20', 'CE', 'N/A'],
    ['krkopt', '9-layer MLP', 'WD', 'N/A'],
    ['krkopt', '9-layer MLP', 'WD', 'Add'],
    ['krkopt', '9-layer MLP', 'WD', 'Mult'],
  ]);
});
