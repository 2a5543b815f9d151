/** Names of files and classes that would do something to a terminal: they are shown. */
import { dirname } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { encodeNpz } from '../../src/array/npz.js';
import { temporaryFolder } from '../data/temporary-folder.js';
import { CLASSES, COUNTS, DIMENSIONS, longTailModel } from '../recalibrate/long-tail-problem.js';
import { runCli } from './run-cli.js';

const file = temporaryFolder();
let cwd = '';

const EVIL = '\x1b]0;owned\x07\u009b2J\u202ecat\nonnx-tailor: all is well';
/** Everything but what a program of text prints. */
const OBEYED = /[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069\u2028\u2029]/u;

beforeAll(async () => {
  cwd = dirname(file('model.onnx', longTailModel()));
  file('counts.json', JSON.stringify(COUNTS));
  file(`pictures/${EVIL}/a\x1b[31m.png`, 'no picture');
  file(
    'pictures/b/1.png',
    await sharp({ create: { width: 2, height: 2, channels: 3, background: 'red' } })
      .png()
      .toBuffer(),
  );
  const names = [EVIL, '__proto__', 'constructor', '</script><b>', 'x'.repeat(9000), '-1'];
  const labels = Int32Array.from({ length: 10 * CLASSES }, (_, i) => i % CLASSES);
  const data = Float32Array.from({ length: labels.length * DIMENSIONS }, (_, i) => Math.sin(i));
  file(
    'val.npz',
    encodeNpz({
      features: { shape: [labels.length, DIMENSIONS], data },
      labels: { shape: [labels.length], data: labels },
      classes: { strings: names },
    }),
  );
});

describe('names that come from files', () => {
  it.each([
    ['a folder', ['extract', 'model.onnx', '--data', 'pictures', '--out', 'f.npz', '--size', '2']],
    ['classes', ['evaluate', 'model.onnx', '--data', 'val.npz', '--counts', 'counts.json']],
    ['a file', ['inspect', `no\x1b[2Jsuch${EVIL}.onnx`]],
    ['an option', ['inspect', `--no\x1b[2Jsuch`]],
  ])('do nothing to the terminal: %s', (_, args) => {
    for (const form of [[], ['--json']]) {
      const { stdout, stderr } = runCli([...args, ...form], cwd);
      expect(stdout + stderr).toMatch(/\\x1b|\\u001b/);
      expect(stdout).not.toMatch(OBEYED);
      expect(stderr).not.toMatch(OBEYED);
      if (form.length > 0) expect(() => JSON.parse(stdout)).not.toThrow();
    }
  });
});
