/** Tables on the command line: the model's columns are found by name, and shown. */
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { readFeatures } from '../../src/features/read-features.js';
import { temporaryFolder } from '../data/temporary-folder.js';
import { vectorClassifier } from '../features/small-classifiers.js';
import { runCli } from './run-cli.js';

const file = temporaryFolder();

it('feeds a table by the names of its columns', async () => {
  const metadata = {
    'onnx_tailor.columns': '["size","colour=red"]',
    'onnx_tailor.classes': '["a","b","c"]',
  };
  const cwd = dirname(file('model.onnx', vectorClassifier({ metadata })));
  expect(runCli(['inspect', 'model.onnx'], cwd).stdout).toContain('Columns of a table: size, colour=red');
  file('rows.csv', 'colour,class,size\nred,b,3\nred,a,4\n');
  const { code, stderr } = runCli(['extract', 'model.onnx', '--data', 'rows.csv', '--out', 'rows.npz'], cwd);
  expect(stderr).not.toMatch(/error/i);
  expect(code).toBe(0);
  const set = await readFeatures(join(cwd, 'rows.npz'));
  expect([...set.features.data]).toEqual([6, 2, 8, 2]);
  expect(set.labels).toEqual(Int32Array.of(1, 0));
  file('other.csv', 'class,size\nb,3\n');
  const refused = runCli(['extract', 'model.onnx', '--data', 'other.csv', '--out', 'other.npz'], cwd);
  expect(refused.stderr).toMatch(/1 of the model's 2 inputs have no column: colour=red/);
  expect(refused.code).not.toBe(0);
});
