import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectWellFormed, tagsOf } from '../report/well-formed.js';
import { sampleMeasurement, sampleMeasurements } from './figure-samples.js';
import { head, load, type Measurement, made, type PaperFigure } from './paper-modules.js';

const { FIGURES } = await load('figures/index.mjs');
const { spreadOut } = await load('figures/lines.mjs');

const noData = new Map<string, string>();

function draw(name: string, measurements: Measurement[]): PaperFigure[] {
  return FIGURES.find((figure) => figure.name === name)!.draw({ measurements, noData });
}

function missing(name: string, measurements: Measurement[], reasons = noData): string[] {
  return FIGURES.find((figure) => figure.name === name)!.missing({ measurements, noData: reasons });
}

const MLP = ['linear', 'normalization', 'activation'];
const LAYERS = [...MLP, ...MLP, 'linear', 'normalization', 'features'];

const COLLECTIONS: Record<string, Measurement[]> = {
  '10 classes, 3 seeds': sampleMeasurements(3),
  '10 classes, 1 seed': sampleMeasurements(1),
  '100 classes, 3 seeds': sampleMeasurements(3, {
    ...{
      classes: 100,
      largest: 500,
      dataset: 'cifar100',
      title: 'CIFAR100-LT (ρ = 100)',
      network: 'resnet34',
    },
  }),
  '1000 classes': sampleMeasurements(
    1,
    { classes: 1000, largest: 1280, imbalance: 256, dataset: 'imagenet-lt', title: 'ImageNet-LT' },
    ['ce', 'cb', 'ce-wd', 'cb-wd'],
  ),
  'an MLP': sampleMeasurements(
    2,
    { dataset: 'mnist', title: 'MNIST', network: 'mlp3', imbalance: 1, layers: LAYERS },
    ['ce', 'ce-wd', 'wd-without-bn'],
  ),
};

/** What the texts of a drawing say, in order. */
function textsOf(svg: string): string[] {
  return Array.from(svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g), ([, words]) => words);
}

/** The lines of a drawing by the beginning of what they tell: their points. */
function linesOf(svg: string): { words: string; points: number[][] }[] {
  return Array.from(
    svg.matchAll(/<g class="\w+"><title>([^<]*)<\/title><path class="stroke[^"]*" d="M([^"]*)"/g),
    ([, words, d]) => ({ words, points: d.split('L').map((point) => point.split(' ').map(Number)) }),
  );
}

/** Names and marks of a dot plot: what each tells, its x, and the ends of its whisker. */
function dotsOf(svg: string): Record<string, { y: number; whisker?: number[]; style: string }> {
  return Object.fromEntries(
    Array.from(
      svg.matchAll(
        /<g class="\w+"><title>([^<]*)<\/title>(?:<path class="stroke" d="M([\d.]+) [\d.]+L([\d.]+) [\d.]+"\/>)?<path class="\w+ (?:dot|ring)" d="M[\d.]+ ([\d.]+)[^>]*><text class="(\w+)"/g,
      ),
      ([, words, from, to, y, style]) => [
        words,
        { y: +y, ...(from !== undefined && { whisker: [+from, +to] }), style },
      ],
    ),
  );
}

describe('figures', () => {
  it('are empty lists where nothing was measured, and say so', () => {
    for (const { name } of FIGURES) {
      expect(draw(name, [])).toEqual([]);
      expect(missing(name, []).length).toBeGreaterThan(0);
    }
    const reasons = new Map([['cifar100', 'CIFAR100: no data; there is no cifar-100-binary.']]);
    expect(missing('figure1', [], reasons)).toEqual([
      'CIFAR10-LT: no model.',
      'CIFAR100: no data; there is no cifar-100-binary.',
      'mini-ImageNet-LT: no model.',
    ]);
  });

  describe.each(Object.entries(COLLECTIONS))('%s', (_title, measurements) => {
    const figures = FIGURES.flatMap(({ name }) => draw(name, measurements));

    it('have names of their own, and are there', () => {
      const names = figures.map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
      expect(names.length).toBeGreaterThan(0);
      for (const name of names) expect(name).toMatch(/^[a-z0-9-]+$/);
    });

    it.each(figures.map((figure) => [figure.name, figure] as const))(
      '%s is a small, well-formed file that loads and runs nothing',
      async (name, { svg, title, caption }) => {
        await expectWellFormed(svg);
        expect(svg.length).toBeLessThan(60_000);
        const tags = tagsOf(svg);
        expect(tags.map((tag) => tag.name).filter((tag) => !TAGS.includes(tag))).toEqual([]);
        expect(svg).not.toMatch(/NaN|Infinity|undefined|null|href|url\(|@import/);
        expect(tags[0].attributes['aria-labelledby']).toBe(`${name}-title ${name}-desc`);
        expect(svg).toContain(`<title id="${name}-title">`);
        expect(svg).toContain(`<desc id="${name}-desc">`);
        expect(title.length * caption.length).toBeGreaterThan(0);
        expect(svg).toContain('prefers-color-scheme: dark');
      },
    );

    it('are the same bytes whatever order the measurements come in', () => {
      const again = FIGURES.flatMap(({ name }) => draw(name, measurements.toReversed()));
      expect(again.map(({ name }) => name)).toEqual(figures.map(({ name }) => name));
      // Told apart by name: nobody reads the difference of two drawings.
      expect(again.filter(({ svg }, i) => svg !== figures[i].svg).map(({ name }) => name)).toEqual([]);
    });
  });

  it('escape what stands in names of data sets and classes', async () => {
    const measurements = sampleMeasurements(
      1,
      {
        dataset: 'table:<x>&"y".tsv?target=a',
        title: '<script>alert(1)</script> & "so on"',
        names: (k) => ['<b>&"\'', '\u202e\u0000x', '日本語', ''][k % 4],
      },
      ['ce', 'no-such-method'],
    );
    const figures = FIGURES.flatMap(({ name }) => draw(name, measurements));
    for (const { svg, name } of figures) {
      await expectWellFormed(svg);
      expect(name).toMatch(/^[a-z0-9-]+$/);
      expect(tagsOf(svg).map((tag) => tag.name)).not.toContain('script');
      expect(svg).toContain('&lt;script&gt;');
    }
    // A name that says nothing gives way to the number.
    expect(textsOf(figures[0].svg)).toEqual(expect.arrayContaining(['&lt;b&gt;&amp;&quot;&#39;', '3', '7']));
    // A method that the paper has not is drawn behind those that it has.
    expect(figures.map(({ name }) => name)).toContain('figure1-further-table-x-y-tsv-target-a-lt-resnet20');
  });

  it('name what the paper has and the block lacks', () => {
    const some = [made({ method: 'ce' }), made({ method: 'ce-wd' })];
    expect(missing('figure1', some)).toContain(
      'CIFAR10-LT (ρ = 100), ResNet20, 40 epochs: no model of CB w/o WD, CB w/ WD.',
    );
    expect(missing('figure5', [made({ method: 'ce' })])).toContain(
      'CIFAR10-LT (ρ = 100), ResNet20, 40 epochs: no model of CE w/ WD.',
    );
    expect(missing('figure3', some)).toContain(
      'CIFAR10-LT (ρ = 100), ResNet20, 40 epochs: no scores in the log of CE w/o WD.',
    );
    expect(draw('figure3', some)).toEqual([]);
    expect(draw('figure5', [made({ method: 'ce' })])).toEqual([]);
    expect(draw('figure6', some)).toEqual([]);
    expect(missing('figure6', some)).toEqual(
      ['MLP3', 'MLP4', 'MLP5'].map((network) => `MNIST, ${network}: no model.`),
    );
  });

  it('draw no class figures of data without a tail', () => {
    const flat = { counts: [500, 500, 500, 400], groups: ['many', 'many', 'many', 'many'] };
    const balanced = [made({ method: 'ce', imbalanceFactor: 0 }, flat)];
    for (const name of ['figure1', 'figure2', 'figure3', 'figure5', 'accuracy']) {
      expect(draw(name, balanced)).toEqual([]);
    }
  });

  it('are figure 4 for mini-ImageNet-LT', () => {
    const mini = [
      sampleMeasurement({ dataset: 'mini-imagenet-lt', title: 'mini-ImageNet-LT', imbalance: 100 }),
    ];
    const [cosines] = draw('figure1', mini);
    expect(cosines.title).toBe('Figure 4: mean cosine similarity of training features, mini-ImageNet-LT');
    expect(draw('figure2', mini)[0].name).toBe('figure4-norms-mini-imagenet-lt-resnet20');
  });
});

const TAGS = ['svg', 'title', 'desc', 'style', 'rect', 'text', 'g', 'path'];

/** A measurement whose cosines are those, in the order of its classes. */
function withCosines(method: string, seed: number, matrix: number[][], counts?: number[]): Measurement {
  const base = made({ method, seed });
  const train = { ...base.train, cosine: { sameClass: 0.9, differentClass: 0.25, matrix } };
  return { ...base, train, ...(counts && { counts }) };
}

/** All cells off the diagonal `other`, but the first row and column beside it. */
function matrixOf(first: number, other: number): number[][] {
  return [0, 1, 2, 3].map((k) =>
    [0, 1, 2, 3].map((l) => (k === l ? 1 : k * l === 0 && k + l === 1 ? first : other)),
  );
}

/** The colour of each cell of each map: maps from left to right, rows from top to bottom. */
function coloursOf(svg: string): { x: number; y: number; size: number; cells: string[][] }[] {
  const maps = svg.matchAll(
    /<g transform="translate\(([\d.]+) ([\d.]+)\) scale\(([\d.]+) \3\)" shape-rendering="crispEdges">(.*?)<\/g>/g,
  );
  return Array.from(maps, ([, x, y, size, paths]) => {
    const cells: string[][] = [];
    for (const [, style, d] of paths.matchAll(/<path class="(\w+)" d="([^"]*)"/g)) {
      for (const [, column, row, length] of d.matchAll(/M(\d+) (\d+)h(\d+)v1H\1z/g)) {
        cells[+row] ??= [];
        for (let i = 0; i < +length; i++) cells[+row][+column + i] = style;
      }
    }
    return { x: +x, y: +y, size: +size, cells };
  });
}

describe('figure 1', () => {
  it('has a map per method side by side, in the paper’s order', () => {
    const [{ svg }] = draw('figure1', [
      withCosines('cb', 0, matrixOf(0.6, 0.3)),
      withCosines('ce', 0, matrixOf(0.2, 0.3)),
    ]);
    expect(textsOf(svg).filter((words) => /^C[EB] w/.test(words))).toEqual(['CE w/o WD', 'CB w/o WD']);
    const [left, right] = coloursOf(svg);
    expect(left.cells).toEqual([
      ['p20', 'p4', 'p6', 'p6'],
      ['p4', 'p20', 'p6', 'p6'],
      ['p6', 'p6', 'p20', 'p6'],
      ['p6', 'p6', 'p6', 'p20'],
    ]);
    expect(right.cells[0]).toEqual(['p20', 'p12', 'p6', 'p6']);
    expect(left).toMatchObject({ x: 98, size: 186 / 4 });
    expect(right).toMatchObject({ x: 98 + 186 + 18, y: left.y, size: left.size });
  });

  it('shows the mean over seeds', () => {
    const [{ svg, caption }] = draw('figure1', [
      withCosines('ce', 0, matrixOf(0.2, 0.3)),
      withCosines('ce', 1, matrixOf(0.6, 0.3)),
    ]);
    const [map] = coloursOf(svg);
    expect(map.cells[0][1]).toBe('p8');
    expect(textsOf(svg)).toEqual(
      expect.arrayContaining(['different 0.250 ± 0.000', 'ResNet20, 40 epochs, seeds 0, 1']),
    );
    expect(caption).toContain('CE w/o WD 0.250 ± 0.000.');
  });

  it('orders the classes by training samples', () => {
    const matrix = matrixOf(0.8, 0.1);
    const [{ svg }] = draw('figure1', [withCosines('ce', 0, matrix, [50, 500, 2000, 5000])]);
    expect(textsOf(svg).filter((words) => /^[abcd]$/.test(words))).toEqual(['d', 'c', 'b', 'a']);
    // Classes a and b, of which the matrix speaks first, are the last ones.
    expect(coloursOf(svg)[0].cells[3][2]).toBe('p16');
  });

  it('has one scale, which reaches below 0 where any method does, drawn here or beside', () => {
    const above = withCosines('ce', 0, matrixOf(0.2, 0.3));
    const scaleOf = (measurements: Measurement[], at = 0) =>
      textsOf(draw('figure1', measurements)[at].svg).filter((words) => /^−?[01](\.\d+)?$/.test(words));
    expect(scaleOf([above])).toEqual(['0', '0.25', '0.5', '0.75', '1']);
    const both = [above, withCosines('wd-etf', 0, matrixOf(-0.4, 0))];
    for (const at of [0, 1]) expect(scaleOf(both, at)).toEqual(['−1', '−0.5', '0', '0.5', '1']);
  });

  it('puts further methods on sheets of at most four', () => {
    const figures = draw('figure1', COLLECTIONS['10 classes, 1 seed']);
    expect(figures.map(({ svg }) => coloursOf(svg).length)).toEqual([4, 2, 3]);
    expect(figures[1].title).toContain('further methods');
  });

  it('puts many classes together, and shows same-class cosines below', () => {
    const [{ svg, caption }] = draw('figure1', COLLECTIONS['1000 classes']);
    expect(coloursOf(svg)[0].cells.length).toBeGreaterThanOrEqual(25);
    expect(textsOf(svg)).toContain('same class');
    expect(caption).toMatch(/block of up to \d+ × \d+ classes/);
  });
});

/** A measurement with those lengths of class means, on training and test features. */
function withNorms(method: string, seed: number, train: number[], test = [1, 1, 1, 1]): Measurement {
  const base = made({ method, seed });
  return {
    ...base,
    train: { ...base.train, classMeanNorms: train },
    test: { ...base.test, classMeanNorms: test },
  };
}

describe('figure 2', () => {
  const one = draw('figure2', [withNorms('ce', 0, [1, 10, 10, 100]), withNorms('ce-wd', 0, [1, 2, 4, 8])])[0];

  it('draws train and test on one log scale', () => {
    const lines = linesOf(one.svg);
    expect(lines.map(({ words }) => words)).toEqual([
      'CE w/o WD: 1 … 100',
      'CE w/ WD: 1 … 8',
      'CE w/o WD: 1 … 1',
      'CE w/ WD: 1 … 1',
    ]);
    const [ce, wd, test] = lines.map(({ points }) => points.map(([, y]) => y));
    const decade = ce[0] - ce[1];
    expect(decade).toBeGreaterThan(50);
    expect(ce[2]).toBe(ce[1]);
    expect(ce[0] - ce[3]).toBeCloseTo(2 * decade, 1);
    expect(wd[0] - wd[3]).toBeCloseTo(Math.log10(8) * decade, 1);
    expect(test).toEqual([ce[0], ce[0], ce[0], ce[0]]);
  });

  it('puts the classes at equal distances, most training samples first', () => {
    const [{ points }] = linesOf(one.svg);
    const xs = points.map(([x]) => x);
    expect(xs).toEqual([60, 140.67, 221.33, 302].map((x) => expect.closeTo(x, 0)));
    const turned = withNorms('ce', 0, [100, 10, 10, 1]);
    const [{ svg }] = draw('figure2', [{ ...turned, counts: [50, 500, 2000, 5000] }]);
    const ys = linesOf(svg)[0].points.map(([, y]) => y);
    expect(ys).toEqual([...ys].sort((a, b) => b - a));
  });

  it('names the lines where they end, and tells them apart by more than colour', () => {
    expect(textsOf(one.svg).filter((words) => words === 'CE w/ WD')).toHaveLength(2);
    const looks = (method: string) =>
      draw('figure2', [withNorms(method, 0, [1, 1, 1, 1])])[0].svg.match(
        /<g class="\w+"><title>.*?<\/g>/,
      )![0];
    const all = COLLECTIONS['10 classes, 1 seed'].map(({ model }) => looks(model.method));
    const bare = all.map((drawn) => drawn.replace(/<title>.*?<\/title>|class="\w+"/g, ''));
    expect(new Set(bare).size).toBe(9);
  });

  it('has bands of one standard deviation for several seeds, none for one', () => {
    expect(one.svg).not.toContain('"band"');
    expect(one.caption).toContain('One seed of each method.');
    const [{ svg, caption }] = draw('figure2', [
      withNorms('ce', 0, [1, 2, 3, 4]),
      withNorms('ce', 1, [3, 2, 3, 4]),
      withNorms('ce', 2, [2, 2, 3, 4]),
      withNorms('ce-wd', 0, [1, 2, 3, 4]),
    ]);
    const bands = Array.from(svg.matchAll(/class="band" d="M([^"]*)z"/g), ([, d]) =>
      d.split('L').map((point) => point.split(' ').map(Number)),
    );
    expect(bands).toHaveLength(2);
    const [line] = linesOf(svg);
    const [upper, lower] = [bands[0][0][1], bands[0].at(-1)![1]];
    // 2 ± 1: as far up as from 2 to 3, as far down as from 2 to 1.
    expect(upper).toBeCloseTo(line.points[2][1], 1);
    expect(lower - line.points[0][1]).toBeCloseTo((line.points[0][1] - line.points[3][1]) * 1, 1);
    expect(caption).toContain('the band is one standard deviation');
  });

  it('tells the ratio of few to many', () => {
    expect(one.caption).toContain('CE w/o WD 18.2, CE w/ WD 5.33.');
  });

  it('leaves a gap where a class has no mean', () => {
    const [{ svg }] = draw('figure2', [withNorms('ce', 0, [1, 2, null as unknown as number, 4])]);
    expect(linesOf(svg)[0].points).toHaveLength(2);
    expect(svg).not.toContain('NaN');
  });

  it('lets neighbours share a point where there are many classes', () => {
    const [{ svg, caption }] = draw('figure2', COLLECTIONS['100 classes, 3 seeds']);
    expect(linesOf(svg)[0].points).toHaveLength(40);
    expect(caption).toContain('Each point is the mean of up to 3 neighbouring classes.');
  });
});

describe('figure 3', () => {
  const scores = (many: number, few: number) => ({ average: many + 1, many, medium: 3, few, perClass: [] });
  const forgot = (method: string, seed: number, many: number, few: number): Measurement =>
    made({ method, seed }, { forgetting: scores(many, few) });

  it('has a row per method with a line per group, from 0', () => {
    const [{ svg, caption }] = draw('figure3', [
      forgot('ce', 0, 2, 8),
      forgot('cb', 0, 10, 4),
      made({ method: 'ce-wd' }),
    ]);
    expect(Object.keys(dotsOf(svg))).toEqual([
      ...['all samples: 3', 'of many classes: 2', 'of medium: 3', 'of few: 8'].map(
        (words) => `CE w/o WD, ${words}`,
      ),
      ...['all samples: 11', 'of many classes: 10', 'of medium: 3', 'of few: 4'].map(
        (words) => `CB w/o WD, ${words}`,
      ),
    ]);
    // Marks of groups begin at their corners: those of one shape are as far apart as their values.
    const places = Array.from(svg.matchAll(/class="many dot" d="M([\d.]+)/g), ([, x]) => +x).slice(1);
    const unit = (places[1] - places[0]) / 8;
    expect(places[0] - 2 * unit + 4.2).toBeCloseTo(146, 0);
    expect(caption).toContain('counts all 40 epochs');
    expect(textsOf(svg)).not.toContain('CE w/ WD');
  });

  it('has whiskers for several seeds', () => {
    const [{ svg }] = draw('figure3', [forgot('ce', 0, 2, 8), forgot('ce', 1, 4, 8)]);
    const dots = dotsOf(svg);
    expect(Object.keys(dots)).toContain('CE w/o WD, of many classes: 3.00 ± 1.41');
    const [from, to] = dots['CE w/o WD, of many classes: 3.00 ± 1.41'].whisker!;
    const [, of8] = dots['CE w/o WD, of few: 8 ± 0'].whisker!;
    expect((to - from) / (of8 - 146)).toBeCloseTo((2 * Math.SQRT2) / 8, 2);
  });
});

describe('figure 5', () => {
  const withHeads = (seed: number, factor: number) =>
    made(
      { method: 'ce-wd', seed },
      {
        heads: [
          { ...head('none', [1, 1, 1, 1]), weightNorms: [8, 4, 2, 1] },
          { ...head('wb', [1, 1, 1, 1]), weightNorms: [factor, factor, factor, factor] },
          { ...head('wb-norm', [1, 1, 1, 1]), weightNorms: [2, 2, 2, 2] },
          { ...head('multiplicative', [1, 1, 1, 1]), weightNorms: [1, 10, 100, 1000] },
        ],
      },
    );

  it('shows rows as they are, and over the geometric mean of their head', () => {
    const [{ svg, caption }] = draw('figure5', [withHeads(0, 3)]);
    expect(linesOf(svg).map(({ words }) => words.replaceAll('1.00', '1'))).toEqual([
      'stage 1: 1 … 8',
      'WB: 3 … 3',
      'WD &amp; Norm &amp; CB: 2 … 2',
      `stage 1: ${(8 ** -0.5).toFixed(3)} … ${Math.sqrt(8).toFixed(2)}`,
      'WB: 1 … 1',
      'WD &amp; Norm &amp; CB: 1 … 1',
      'multiplicative LA: 0.032 … 31.6',
    ]);
    // γ is the slope: a decade per class is three times the slope of a factor of 10 in all.
    const [, , , stage, flat, , adjusted] = linesOf(svg).map(({ points }) => points.map(([, y]) => y));
    expect(adjusted[0] - adjusted[3]).toBeCloseTo((3 / Math.log10(8)) * (stage[3] - stage[0]), 1);
    expect(Math.max(...flat) - Math.min(...flat)).toBeLessThan(0.02);
    expect(caption).toContain('stage 1 0.167, WB 1, WD & Norm & CB 1, multiplicative LA 182.');
  });

  it('has bands over seeds of the heads, and names only seeds of what it shows', () => {
    const [{ svg }] = draw('figure5', [withHeads(0, 3), withHeads(1, 5), made({ method: 'ce', seed: 7 })]);
    expect(textsOf(svg)).toContain('ResNet20, 40 epochs, seeds 0, 1');
    expect(linesOf(svg)[1].words).toBe('WB: 4 … 4');
    expect(svg).toContain('class="band"');
  });
});

describe('figure 6', () => {
  const layered = (method: string, values: (number | null)[], kinds = LAYERS.slice(-values.length)) =>
    made(
      { method, dataset: 'mnist', imbalanceFactor: 0, network: 'mlp3', title: 'MNIST' },
      { layers: values.map((reluFdr, i) => ({ name: `t${i}`, kind: kinds[i], fdr: 1, reluFdr })) },
    );

  it('draws ReLUFDR from layer to layer', () => {
    const [{ svg, name }] = draw('figure6', [
      layered('ce', [1, 10, 100]),
      layered('ce-wd', [10, null, 1000]),
    ]);
    expect(name).toBe('figure6-mnist-mlp3');
    const [ce] = linesOf(svg);
    const [a, b, c] = ce.points.map(([, y]) => y);
    expect(a - b).toBeCloseTo(b - c, 1);
    expect(textsOf(svg)).toEqual(expect.arrayContaining(['linear', 'BN', 'features', 'CE w/ WD']));
    // Nothing is drawn through the layer that has no figure: two marks and no line.
    expect(linesOf(svg)).toHaveLength(1);
  });

  it('leaves out networks with other layers, and says so', () => {
    const measurements = [layered('ce', [1, 2, 3]), layered('ce-wd', [1, 2, 3, 4])];
    expect(linesOf(draw('figure6', measurements)[0].svg)).toHaveLength(1);
    expect(missing('figure6', measurements)).toContain(
      'MNIST, MLP3, 40 epochs: CE w/ WD has other layers than CE w/o WD.',
    );
  });
});

describe('accuracy', () => {
  const heads = (...percent: number[]) =>
    ['none', 'additive', 'multiplicative', 'wb'].slice(0, percent.length).map((name, i) => {
      return head(name, [percent[i], percent[i], percent[i], percent[i]]);
    });

  it('has a line per head, at its average, the best one emphasised', () => {
    const [{ svg, caption }] = draw('accuracy', [
      made({ method: 'ce', heads: heads(50, 60, 62, 58) }),
      made({ method: 'wd-etf', heads: heads(55, 65, 70) }),
    ]);
    const dots = dotsOf(svg);
    expect(Object.keys(dots)).toEqual([
      'CE w/o WD, as trained: 50.0',
      'CE w/o WD, additive LA: 60.0',
      'CE w/o WD, multiplicative LA: 62.0',
      'CE w/o WD, weight balancing: 58.0',
      'WD&amp;ETF, as trained: 55.0',
      'WD&amp;ETF, additive LA: 65.0',
      'WD&amp;ETF, multiplicative LA: 70.0',
    ]);
    expect(Object.values(dots).map(({ style }) => style)).toEqual([...Array(6).fill('small'), 'strong']);
    expect(caption).toContain('Highest: WD&ETF, multiplicative LA, 70.0 %.');
    // Rings begin at their left end: 5 points on an axis of 50 to 70.
    const rings = Array.from(svg.matchAll(/class="grey ring" d="M([\d.]+)/g), ([, x]) => +x).slice(1);
    expect(rings[0] + 4.2).toBeCloseTo(146, 1);
    expect(rings[1] - rings[0]).toBeCloseTo((5 / 20) * (540 - 146), 1);
  });

  it('has whiskers of one standard deviation where there are several seeds', () => {
    const [{ svg }] = draw('accuracy', [
      made({ method: 'ce', seed: 0, heads: heads(50) }),
      made({ method: 'ce', seed: 1, heads: heads(54) }),
      made({ method: 'cb', seed: 0, heads: heads(40) }),
    ]);
    const dots = dotsOf(svg);
    const [from, to] = dots['CE w/o WD, as trained: 52.0 ± 2.8'].whisker!;
    const ticks = textsOf(svg)
      .filter((words) => /^\d+$/.test(words))
      .map(Number);
    const unit = (540 - 146) / (ticks.at(-1)! - ticks[0]);
    expect((to - from) / unit).toBeCloseTo(2 * Math.sqrt(8), 1);
    expect(dots['CB w/o WD, as trained: 40.0']).not.toHaveProperty('whisker');
  });
});

describe('names at the ends of lines', () => {
  it('stay in order, apart, within bounds, and where they want to be if nothing hinders', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -50, max: 350, noNaN: true }), { maxLength: 20 }), (wanted) => {
        const places = spreadOut(wanted, 14, [0, 300]);
        const order = wanted.map((_, i) => i).sort((a, b) => wanted[a] - wanted[b] || a - b);
        const sorted = order.map((i) => places[i]);
        for (const [i, place] of sorted.entries()) {
          expect(place).toBeGreaterThanOrEqual(0);
          expect(place).toBeLessThanOrEqual(300 + 1e-9);
          if (i > 0) expect(place - sorted[i - 1]).toBeGreaterThanOrEqual(14 - 1e-9);
        }
      }),
    );
    expect(spreadOut([200, 100, 10], 14, [0, 300])).toEqual([200, 100, 10]);
    expect(spreadOut([100, 100], 14, [0, 300])).toEqual([93, 107]);
    expect(spreadOut([1, 0], 14, [0, 300])).toEqual([14, 0]);
  });
});
