/** --allow: limits of what files may ask for, on the command line and in the threads that it starts. */
import { dirname } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { LIMIT_NAMES, limitOption } from '../../src/array/limits.js';
import { temporaryFolder } from '../data/temporary-folder.js';
import { pictureClassifier } from '../features/small-classifiers.js';
import { runCli, runJson } from './run-cli.js';

const file = temporaryFolder();
let cwd = '';

beforeAll(async () => {
  cwd = dirname(
    file('model.onnx', pictureClassifier({ metadata: { 'onnx_tailor.preprocess': '{"size":[2,2]}' } })),
  );
  const picture = sharp({ create: { width: 20, height: 10, channels: 3, background: 'red' } });
  const png = await picture.png().toBuffer();
  for (const folder of ['a', 'b', 'c']) file(`pictures/${folder}/1.png`, png);
});

const extract = (...args: string[]) =>
  runCli(['extract', 'model.onnx', '--data', 'pictures', '--out', 'f.npz', '--force', ...args], cwd);

describe('--allow', () => {
  it.each([['0'], ['2']])('raises and lowers a limit, with %s workers', (workers) => {
    const low = extract('--workers', workers, '--allow', 'picture-pixels=199');
    expect(low.stderr).toMatch(/at most 199 pixels are allowed.*--allow picture-pixels=N/);
    expect(low.code).toBe(1);
    const enough = extract('--workers', workers, '--allow', 'picture-pixels=2e2', '--allow', 'strings=5');
    expect(enough.stderr).not.toMatch(/onnx-tailor:/);
    expect(enough.code).toBe(0);
  });

  it('lists all limits with their reasons, of any command and without its arguments', () => {
    for (const verb of [[], ['inspect'], ['doctor']]) {
      const { code, stdout, stderr } = runCli([...verb, '--allow', 'help'], cwd);
      expect([code, stderr]).toEqual([0, '']);
      for (const name of LIMIT_NAMES) expect(stdout).toContain(`  ${limitOption(name)}=`);
      expect(stdout).toMatch(/picture-pixels=89478485 \(pixels\)\n {6}Pixels of a picture: .*\.\n/);
    }
    const { code, document } = runJson(['inspect', '--allow', 'help'], cwd);
    expect(code).toBe(0);
    expect(document.limits).toHaveLength(LIMIT_NAMES.length);
    expect((document.limits as object[])[0]).toMatchObject({ name: 'zip-directory-bytes', default: 2 ** 24 });
  });

  it.each([
    ['pixels=5', /no limit of that name.*picture-pixels=89478485/s],
    ['picture-pixels', /NAME=VALUE is needed.*picture-pixels=89478485/s],
    ['picture-pixels=', /A whole number of pixels from 1/],
    ['picture-pixels=0', /A whole number of pixels from 1/],
    ['picture-pixels=0x10', /A whole number of pixels from 1/],
    ['picture-pixels=1.5', /A whole number of pixels from 1/],
    ['classes=4e9', /from 1 to 2147483647 is needed/],
  ])('is wrong usage with %s', (value, message) => {
    const { code, stderr } = runCli(['inspect', 'model.onnx', '--allow', value], cwd);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });
});
