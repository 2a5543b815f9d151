/** docs/scale.md: its commands work as they are written, and what it links to is there. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { pictureClassifier } from '../features/small-classifiers.js';
import { root, runShell, tinyJob } from './tiny-job.js';

const text = readFileSync(join(root, 'docs/scale.md'), 'utf8');
const block = (name: string) => new RegExp(`<!-- ${name} -->\\n\`\`\`sh\\n([\\s\\S]*?)\`\`\``).exec(text)![1];
const job = tinyJob();
const { cwd, file } = job;
const COUNTS = { blue: 3000, green: 1000, red: 100 };

beforeAll(async () => {
  const preprocess = JSON.stringify({ size: [2, 2], scale: 1 / 255 });
  file('classifier.onnx', pictureClassifier({ metadata: { 'onnx_tailor.preprocess': preprocess } }));
  for (const [k, [name, count]] of Object.entries(COUNTS).entries()) {
    const folder = join(cwd, 'pictures/train', name);
    mkdirSync(folder, { recursive: true });
    const shades = await Promise.all(
      [80, 90, 100, 130].map((grey, shade) => {
        const pixel = [0, 1, 2].map((channel) => grey + (channel === k ? 20 * (shade + 1) : 0));
        const raw = { width: 2, height: 2, channels: 3 } as const;
        return sharp(Buffer.from(new Array(4).fill(pixel).flat()), { raw })
          .png()
          .toBuffer();
      }),
    );
    for (let i = 0; i < count; i++) writeFileSync(join(folder, `${i}.png`), shades[i % shades.length]);
  }
});

describe('docs/scale.md', () => {
  it('says commands by hand that work', { timeout: 120_000 }, () => {
    const { status, stderr, stdout } = runShell(block('by-hand'), job);
    expect([status, stderr]).toEqual([0, expect.not.stringContaining('onnx-tailor:')]);
    expect(stdout).toMatch(/work\/features\/: 4100 samples × \d+ features/);
    expect(readdirSync(file('work/statistics'))).toHaveLength(4);
    expect(existsSync(file('work/report.html'))).toBe(true);
    const whole = runShell(block('whole'), job);
    expect([whole.status, whole.stdout]).toEqual([0, expect.stringContaining('4100 samples')]);
  });

  it('names files that are there', () => {
    const links = [...text.matchAll(/\]\(([^)#]+)\)/g)].map(([, path]) => path);
    expect(links.length).toBeGreaterThan(4);
    for (const path of links) expect(existsSync(resolve(root, 'docs', path)), path).toBe(true);
    for (const [path] of text.matchAll(/examples\/[\w.-]+/g))
      expect(existsSync(join(root, path)), path).toBe(true);
  });
});
