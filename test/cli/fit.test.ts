/** `fit` as a child process: the document, the choice on validation, and wrong usage. */
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readNpz } from '../../src/array/npz.js';
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

  it.each([
    [['--method', 'svm'], 2, /Allowed choices are linear, wb/],
    [['--method', 'linear', '--weight-decay', '1,2'], 2, /--val/],
    [['--method', 'linear', '--early-stopping'], 2, /--val/],
    [['--method', 'linear', '--loss', 'hinge'], 2, /balanced-softmax/],
    [['--method', 'wb'], 1, /--init/],
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
