/** `fit` as a child process: the document, the choice on validation, and wrong usage. */
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { encodeNpz, readNpz } from '../../src/array/npz.js';
import { temporaryFolder } from '../data/temporary-folder.js';
import {
  CLASSES,
  COUNTS,
  DIMENSIONS,
  longTailFile,
  longTailModel,
} from '../recalibrate/long-tail-problem.js';
import { runCli, runJson } from './run-cli.js';

const file = temporaryFolder();
let cwd = '';

beforeAll(() => {
  cwd = dirname(
    file('model.onnx', longTailModel({ metadata: { 'onnx_tailor.counts': JSON.stringify(COUNTS) } })),
  );
  file('train.npz', longTailFile('features', [600, 240, 100, 40, 16, 8], 5));
  file('val.npz', longTailFile('features', 40, 1));
});

describe('fit', () => {
  it('prints the document of DESIGN.md and writes a head that evaluate and graft take', async () => {
    const { code, document } = runJson(
      ['fit', 'train.npz', '--method', 'wb', '--init', 'model.onnx', '--out', 'wb.npz'],
      cwd,
    );
    expect(code).toBe(0);
    expect(document).toEqual({
      method: 'wb',
      parameters: expect.objectContaining({
        beta: 0.9999,
        weightDecay: 0.1,
        epochs: 10,
        batch: 64,
        maxNormRelative: 0.1,
      }),
      epochs: expect.any(Array),
      objective: expect.any(Number),
      gradientNorm: expect.any(Number),
      seconds: expect.any(Number),
      out: 'wb.npz',
    });
    expect(document.epochs).toHaveLength(10);
    const arrays = await readNpz(join(cwd, 'wb.npz'));
    expect(arrays.get('weight')?.shape).toEqual([CLASSES, DIMENSIONS]);
    expect(runCli(['evaluate', 'wb.npz', '--data', 'val.npz'], cwd).code).toBe(0);
    const grafted = runJson(['graft', 'model.onnx', '--head', 'wb.npz', '--out', 'wb.onnx'], cwd);
    expect(grafted.document.verification).toEqual(expect.objectContaining({ argmaxAgreement: 1 }));
  });

  it('tries no setting twice that only another loss would use', () => {
    const args = ['fit', 'train.npz', '--method', 'linear', '--loss', 'ce,balanced-softmax', '--tau', '1,2'];
    const { document } = runJson([...args, '--val', 'val.npz', '--out', 'taus.npz'], cwd);
    const { candidates } = document.selection as { candidates: { parameters: object }[] };
    expect(candidates.map(({ parameters }) => parameters)).toEqual([
      expect.not.objectContaining({ tau: expect.anything() }),
      expect.objectContaining({ loss: 'balanced-softmax', tau: 1 }),
      expect.objectContaining({ loss: 'balanced-softmax', tau: 2 }),
    ]);
  });

  it('chooses among several settings on validation', () => {
    const args = [
      'fit',
      'train.npz',
      '--method',
      'linear',
      '--loss',
      'ce,balanced-softmax',
      '--weight-decay',
      '0.1,0.001',
    ];
    const { code, document } = runJson([...args, '--val', 'val.npz', '--out', 'grid.npz'], cwd);
    expect(code).toBe(0);
    const { candidates } = document.selection as {
      candidates: { parameters: { loss: string }; average: number }[];
    };
    expect(candidates).toHaveLength(4);
    const best = Math.max(...candidates.map(({ average }) => average));
    expect(best).toBeGreaterThan(candidates[0].average);
    expect((document.parameters as { loss: string }).loss).toBe('balanced-softmax');
    expect(document.selectedOn).toMatch(/val\.npz/);
  });

  it('writes the same bytes for the same seed', async () => {
    const args = [
      'fit',
      'train.npz',
      '--method',
      'wb',
      '--init',
      'model.onnx',
      '--seed',
      '3',
      '--early-stopping',
      '--val',
      'val.npz',
    ];
    const [a, b] = [runJson([...args, '--out', 'a.npz'], cwd), runJson([...args, '--out', 'b.npz'], cwd)];
    expect((a.document.parameters as { bestEpoch: number }).bestEpoch).toBeGreaterThan(0);
    expect(await readNpz(join(cwd, 'a.npz'))).toEqual(await readNpz(join(cwd, 'b.npz')));
    expect(b.code).toBe(0);
  });

  it('goes on without the settings that diverge, and fails when all do', () => {
    const args = ['fit', 'train.npz', '--method', 'linear', '--solver', 'sgd', '--epochs', '2'];
    const grid = [...args, '--val', 'val.npz', '--out', 'left.npz', '--lr'];
    const { code, document, stderr } = runJson([...grid, '1e30,0.1,0.01'], cwd);
    expect(code).toBe(0);
    const { candidates, notes } = document.selection as {
      candidates: { parameters: { learningRate: number } }[];
      notes: string[];
    };
    expect(candidates.map(({ parameters }) => parameters.learningRate)).toEqual([0.1, 0.01]);
    const note = /Left out: linear \(learningRate 1e\+30\)\. .*epoch 1 of 2, step \d+ of \d+.*Try a lower/;
    expect(notes[0]).toMatch(note);
    expect(stderr).toMatch(note);
    const text = runCli([...grid, '1e30,0.1,0.01', '--force'], cwd);
    expect(text.stdout).toMatch(/Chosen among 2 on validation/);
    const before = readdirSync(cwd).sort();
    const all = runJson([...grid.with(-2, 'none.npz'), '1e30,1e31'], cwd);
    expect(all.code).toBe(1);
    expect(all.document.error).toMatchObject({
      code: 'FIT_DIVERGED',
      message: expect.stringMatching(/all diverged.*epoch 1/),
    });
    expect(readdirSync(cwd).sort()).toEqual(before);
  });

  it('maps labels by the names of the classes, in training and in validation', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const turned = [...names].reverse();
    const metadata = { 'onnx_tailor.classes': JSON.stringify(names) };
    file('named.onnx', longTailModel({ metadata }));
    for (const name of ['train', 'val']) {
      const arrays = await readNpz(join(cwd, `${name}.npz`));
      const features = arrays.get('features')!;
      const labels = arrays.get('labels')!;
      file(
        `${name}-turned.npz`,
        encodeNpz({
          features,
          labels: { ...labels, data: Int32Array.from(labels.data as Int32Array, (y) => 5 - y) },
          classes: { shape: [6], strings: turned },
        }),
      );
    }
    const fitted = async (suffix: string) => {
      const args = [
        'fit',
        `train${suffix}.npz`,
        '--method',
        'wb',
        '--init',
        'named.onnx',
        '--lr',
        '0.01,0.03',
      ];
      const out = `named${suffix}.npz`;
      const { document } = runJson([...args, '--val', `val${suffix}.npz`, '--out', out], cwd);
      return [await readNpz(join(cwd, out)), document.selection];
    };
    expect(await fitted('-turned')).toEqual(await fitted(''));
  });

  it('refuses validation that does not fit before it begins', () => {
    file('narrow.npz', encodeNpz({ features: { shape: [2, 2], data: new Float32Array(4) } }));
    const narrow = { shape: [2, 2], data: new Float32Array(4) };
    file(
      'narrow-labelled.npz',
      encodeNpz({ features: narrow, labels: { shape: [2], data: Int32Array.of(0, 1) } }),
    );
    const args = [
      'fit',
      'train.npz',
      '--method',
      'linear',
      '--weight-decay',
      '1,2',
      '--out',
      'n.npz',
      '--val',
    ];
    for (const [val, message] of [
      ['narrow.npz', /has no labels/],
      ['narrow-labelled.npz', /2 dimensions, those of .* have 6/],
    ] as const) {
      const { code, stderr } = runCli([...args, val], cwd);
      expect(code).toBe(1);
      expect(stderr).toMatch(message);
      expect(stderr).not.toMatch(/Fitting:/);
    }
  });

  it.each([
    [['--method', 'svm'], 2, /Allowed choices are linear, wb/],
    [['--method', 'linear', '--weight-decay', '1,2'], 2, /--val/],
    [['--method', 'linear', '--early-stopping'], 2, /--val/],
    [['--method', 'linear', '--loss', 'hinge'], 2, /balanced-softmax/],
    [['--method', 'wb'], 1, /--init/],
    [['--method', 'linear', '--epochs', '3'], 1, /epochs would change nothing/],
    [['--method', 'linear', '--solver', 'sgd', '--lr', '1e30'], 1, /epoch 1.*learning rate/],
  ])('%j is refused and leaves nothing', (args, expected, message) => {
    const before = readdirSync(cwd).sort();
    const { code, stderr } = runCli(['fit', 'train.npz', ...args, '--out', 'never.npz'], cwd);
    expect(code).toBe(expected);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(readdirSync(cwd).sort()).toEqual(before);
  });
});
