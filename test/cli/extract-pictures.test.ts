/** Picture files through the command, which reads them in threads: the same rows as in the caller's thread, and the same errors. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../data/temporary-folder.js';
import { pictureClassifier } from '../features/small-classifiers.js';
import { runCli, runJson } from './run-cli.js';

const PICTURES = 90;
const BATCH = 16;

const file = temporaryFolder();
const folder = (name: string) => join(cwd, 'pictures', name);
let cwd: string;

beforeAll(async () => {
  cwd = dirname(file('model.onnx', pictureClassifier({ layout: 'NCHW' })));
  for (const name of ['a', 'b', 'c']) mkdirSync(folder(name), { recursive: true });
  for (let i = 0; i < PICTURES; i++) {
    const [width, height] = [2 + (i % 7), 2 + (i % 5)];
    const pixels = Uint8Array.from({ length: 3 * width * height }, (_, k) => (k * 31 + i * 97) % 256);
    const picture = sharp(pixels, { raw: { width, height, channels: 3 } });
    const name = join(folder('abc'[i % 3]), `${String(i).padStart(3, '0')}`);
    await (i % 2 === 0 ? picture.jpeg().toFile(`${name}.jpg`) : picture.png().toFile(`${name}.png`));
  }
});

const args = ['extract', 'model.onnx', '--data', 'pictures', '--size', '2x2', '--scale', '0.5'];
const options = ['--mean', '1,2,3', '--std', '1,1,1', '--resize', 'bilinear', '--batch', `${BATCH}`];

describe('extract of picture files', () => {
  it('gives the same file however many threads read and run them', () => {
    const outputs = [[], ['--workers', '0'], ['--workers', '3'], ['--threads', '1']].map((how, i) => {
      const out = `out-${i}.npz`;
      const { code, stderr, document } = runJson([...args, ...options, ...how, '--out', out], cwd);
      expect({ code, stderr: stderr.includes('error') }).toEqual({ code: 0, stderr: false });
      expect(document).toMatchObject({ samples: PICTURES });
      return readFileSync(join(cwd, out));
    });
    for (const other of outputs.slice(1)) expect(other.equals(outputs[0])).toBe(true);
  });

  it.each([
    ['damaged', Buffer.from('\x89PNG\r\n\x1a\n and no more'), /FORMAT_INVALID|cannot be read as a picture/],
    ['empty', Buffer.alloc(0), /cannot be read as a picture/],
  ])('names a picture that is %s, and writes nothing', (name, bytes, message) => {
    const path = join(folder('b'), `0505-${name}.png`);
    writeFileSync(path, bytes);
    try {
      const said = [[], ['--workers', '0']].map((how) =>
        runCli([...args, ...options, ...how, '--out', 'none.npz'], cwd),
      );
      for (const { code, stderr, stdout } of said) {
        expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
        expect(stderr).toMatch(message);
        expect(stderr).toContain(`0505-${name}.png`);
      }
      expect(said[0].stderr).toBe(said[1].stderr);
      expect(() => readFileSync(join(cwd, 'none.npz'))).toThrow();
    } finally {
      rmSync(path);
    }
  });
});
