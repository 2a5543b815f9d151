/** safetensors and Parquet from the command line: the same figures as from .npz. */
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { denseData } from '../../src/array/matrix.js';
import { readFeatures } from '../../src/features/read-features.js';
import { readHeadFile } from '../../src/head/head-file.js';
import { temporaryFolder } from '../data/temporary-folder.js';
import { COUNTS, longTailFile, longTailModel } from '../recalibrate/long-tail-problem.js';
import { runCli, runJson } from './run-cli.js';

const file = temporaryFolder();
let cwd = '';

beforeAll(() => {
  cwd = dirname(
    file('model.onnx', longTailModel({ metadata: { 'onnx_tailor.counts': JSON.stringify(COUNTS) } })),
  );
  file('inputs.npz', longTailFile('inputs', [60, 40, 30, 20, 10, 8], 5));
  for (const ending of ['npz', 'safetensors', 'parquet']) {
    const { code, document } = runJson(
      ['extract', 'model.onnx', '--data', 'inputs.npz', '--device', 'cpu', '--out', `f.${ending}`],
      cwd,
    );
    expect([code, document.samples, document.out]).toEqual([0, 168, `f.${ending}`]);
  }
  expect(runCli(['fit', 'f.npz', '--method', 'ncm', '--out', 'h.npz'], cwd).code).toBe(0);
});

describe.each(['safetensors', 'parquet'])('features in .%s', (ending) => {
  const features = `f.${ending}`;

  it('are those of .npz', async () => {
    const [one, other] = await Promise.all([
      readFeatures(join(cwd, 'f.npz')),
      readFeatures(join(cwd, features)),
    ]);
    expect(denseData(other.features)).toEqual(denseData(one.features));
    expect(denseData(other.logits!)).toEqual(denseData(one.logits!));
    expect([other.labels, other.classes, other.origin]).toEqual([one.labels, one.classes, one.origin]);
  });

  it('are diagnosed, evaluated and fitted to the same figures', async () => {
    const run = (args: readonly string[]) => (f: string) => {
      const { code, document } = runJson(
        args.map((arg) => (arg === 'F' ? f : arg)),
        cwd,
      );
      const { seconds, data, out, ...figures } = document;
      return [code, JSON.stringify(figures).replaceAll(f, 'F')];
    };
    for (const args of [
      ['diagnose', 'F', '--model', 'model.onnx'],
      ['evaluate', 'model.onnx', '--data', 'F', '--counts', 'F'],
      ['evaluate', 'h.npz', '--data', 'F'],
    ]) {
      expect(run(args)(features), args.join(' ')).toEqual(run(args)('f.npz'));
    }
    const head = `h-${ending}.safetensors`;
    expect(runCli(['fit', features, '--method', 'ncm', '--out', head], cwd).code).toBe(0);
    const [one, other] = await Promise.all([readHeadFile(join(cwd, 'h.npz')), readHeadFile(join(cwd, head))]);
    expect(denseData(other.weight)).toEqual(denseData(one.weight));
    expect(denseData(other.bias)).toEqual(denseData(one.bias));
    const grafted = runJson(['graft', 'model.onnx', '--head', head, '--out', `${ending}.onnx`], cwd);
    expect(grafted.document.verification).toEqual(expect.objectContaining({ argmaxAgreement: 1 }));
    const again = ['fit', features, '--method', 'lws', '--init', head, '--out', `again-${ending}.npz`];
    expect(runCli(again, cwd).code).toBe(0);
  });

  it('are what recalibrate chooses on', () => {
    const { code, document } = runJson(
      ['recalibrate', 'model.onnx', '--val', features, '--apply', 'always', '--out', `r-${ending}.onnx`],
      cwd,
    );
    expect([code, document.selectedOn]).toEqual([0, expect.stringContaining(features)]);
  });
});

describe('what no format is known for', () => {
  it('is wrong usage that says which there are', () => {
    const out = (name: string) => ['extract', 'model.onnx', '--data', 'inputs.npz', '--out', name];
    const features = runCli(out('f.csv'), cwd);
    expect([features.code, features.stderr]).toEqual([
      2,
      expect.stringContaining('.npz, .safetensors, .parquet'),
    ]);
    const head = runCli(['fit', 'f.npz', '--method', 'ncm', '--out', 'h.parquet'], cwd);
    expect([head.code, head.stderr]).toEqual([
      2,
      expect.stringContaining('must end in .npz or .safetensors'),
    ]);
  });

  it('inputs are not kept in Parquet, and a graft that wants them says where they are', () => {
    const args = ['graft', 'model.onnx', '--head', 'h.npz', '--out', 'v.onnx', '--verify-data'];
    const { code, stderr } = runCli([...args, 'f.parquet'], cwd);
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining('.npz and .safetensors files written by extract have'),
    ]);
    expect(runCli([...args, 'f.safetensors'], cwd).code).toBe(0);
  });
});
