/** The README's quick start works as it is written. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { createRandom } from '../src/array/random.js';
import { temporaryFolder } from './data/temporary-folder.js';
import { pictureClassifier } from './features/small-classifiers.js';

const root = resolve(import.meta.dirname, '..');
const file = temporaryFolder();

it('runs the quick start of the README', { timeout: 120_000 }, async () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const code = /<!-- quick-start -->\n```ts\n([\s\S]*?)```/.exec(readme)?.[1];
  expect(code).toBeDefined();

  // Classes are the channel that is brightest; frequent classes are favoured by the bias of the head.
  const preprocess = JSON.stringify({ size: [2, 2], scale: 1 / 255 });
  const folder = dirname(
    file('classifier.onnx', pictureClassifier({ metadata: { 'onnx_tailor.preprocess': preprocess } })),
  );
  const random = createRandom(1);
  const pictures = { train: [300, 60, 8], val: [20, 20, 20] };
  for (const [part, counts] of Object.entries(pictures))
    for (const [k, name] of ['blue', 'green', 'red'].entries()) {
      mkdirSync(join(folder, 'pictures', part, name), { recursive: true });
      for (let i = 0; i < counts[k]; i++) {
        const pixel = [0, 1, 2].map((channel) => Math.round(90 + 60 * random() + (channel === k ? 60 : 0)));
        const picture = sharp(Buffer.from(new Array(4).fill(pixel).flat()), {
          raw: { width: 2, height: 2, channels: 3 },
        });
        await picture.png().toFile(join(folder, 'pictures', part, name, `${i}.png`));
      }
    }
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules/onnx-tailor'));
  file('quick-start.mjs', code);

  const { status, stdout, stderr } = spawnSync(process.execPath, ['quick-start.mjs'], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(stdout).toMatch(/→ /);
  expect(stdout).toMatch(/validation.*before/);
  expect(readFileSync(join(folder, 'classifier.balanced.onnx')).length).toBeGreaterThan(100);
});
