// JSON that people give or models carry: counts, priors, preprocessing, class names, labels.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readClassNames } from '../../dist/cli/input.js';
import { readJson } from '../../dist/data/read-json.js';
import { parsePreprocess, readCounts, readPrior } from '../../dist/index.js';
import { damageBytes } from '../bytes.mjs';
import { EDGES, TEXTS } from '../random.mjs';
import { company as model } from './arrays.mjs';

const SOUND = [
  [100, 50, 10, 2],
  { a: 100, b: 50, c: 10, d: 2 },
  { 0: 1, 1: 2, 2: 3, 3: 4 },
  ['a', 'b', 'c', 'd'],
  [0.25, 0.25, 0.25, 0.25],
  {
    layout: 'NCHW',
    size: [8, 8],
    resize: 'bilinear',
    crop: 'center',
    channels: 'RGB',
    scale: 1 / 255,
    mean: [0.5, 0.5, 0.5],
    std: [1, 1, 1],
  },
];

function anything(random, depth = 0) {
  const kind = random.below(depth > 3 ? 4 : 7);
  if (kind === 0) return random.pick(EDGES);
  if (kind === 1) return random.pick(TEXTS);
  if (kind === 2) return random.pick([null, true, false, 0.1, -1e308, 1e-320]);
  if (kind === 3) return random.below(5);
  if (kind === 4) return Array.from({ length: random.below(6) }, () => anything(random, depth + 1));
  return Object.fromEntries(
    Array.from({ length: random.below(6) }, () => [
      random.pick([...TEXTS, 'a', 'b', 'size', 'mean', 'std', 'scale', '0', '1']),
      anything(random, depth + 1),
    ]),
  );
}

export async function make(random) {
  const value = structuredClone(random.pick(SOUND));
  for (let i = random.below(4); i > 0; i--) {
    const key = random.pick(Object.keys(value));
    if (random.chance(0.7)) value[key] = anything(random);
    else if (random.chance(0.5)) delete value[key];
    else
      Object.defineProperty(value, Array.isArray(value) ? value.length : random.pick([...TEXTS, 'e']), {
        value: anything(random),
        enumerable: true,
        configurable: true,
        writable: true,
      });
  }
  let text = JSON.stringify(value) ?? 'null';
  if (random.chance(0.1))
    text = text.replace(
      /[{[]/,
      (open) =>
        `${open}${random.pick(['"__proto__":[1],', '1e999,', 'NaN,', '"a":1,"a":2,', '// x\n', '[['.repeat(50_000), '{"a":'.repeat(50_000)])}`,
    );
  if (random.chance(0.05)) text = `\ufeff${text}`;
  let bytes = Buffer.from(text);
  if (random.chance(0.25)) bytes = damageBytes(bytes, random, () => Buffer.from(text));
  return { files: { 'case.json': bytes }, main: 'case.json' };
}

export async function use(folder, main) {
  const path = join(folder, main);
  const taken = [];
  let refusal;
  const named = { classCount: 4, classes: ['a', 'b', 'c', 'd'] };
  const all = (numbers) => {
    if (numbers.length !== 4 || !numbers.every((value) => Number.isFinite(value) && value > 0))
      throw new Error(`accepted [${numbers}]`);
  };
  const attempts = {
    counts: async () => all(await readCounts(path, named)),
    'counts by index': async () => all(await readCounts(path, { classCount: 4 })),
    prior: async () => all(await readPrior(path, named)),
    preprocess: async () => {
      const { size, scale, mean, std } = parsePreprocess(await readJson(path, 'preprocessing', main), main);
      if (![...size, scale, ...(mean ?? []), ...(std ?? [])].every(Number.isFinite))
        throw new Error('accepted what is no number');
    },
    classes: async () => {
      if (!(await readClassNames(path)).every((name) => typeof name === 'string'))
        throw new Error('a name that is no text');
    },
  };
  for (const [what, attempt] of Object.entries(attempts)) {
    try {
      await attempt();
      taken.push(what);
    } catch (error) {
      if (error?.name !== 'TailorError') throw error;
      refusal ??= error;
    }
  }
  if (readFileSync(path).length > 0 && Object.keys(Object.prototype).length > 0)
    throw new Error('Object.prototype was changed');
  if (taken.length === 0) throw refusal;
  return taken.join(' ');
}

export async function company() {
  const { encodeNpz } = await import('../../dist/index.js');
  const wave = (length) => Float32Array.from({ length }, (_, i) => Math.sin(i * 1.7));
  const labels = Int32Array.from({ length: 40 }, (_, i) => i % 4);
  const features = { features: { shape: [40, 3], data: wave(120) }, labels: { shape: [40], data: labels } };
  const inputs = { inputs: { shape: [40, 6], data: wave(240) }, labels: { shape: [40], data: labels } };
  return { ...(await model()), 'features.npz': encodeNpz(features), 'inputs.npz': encodeNpz(inputs) };
}

export const commands = (main) => [
  [
    'recalibrate',
    'model.onnx',
    '--val',
    'features.npz',
    '--counts',
    main,
    '--out',
    'out.onnx',
    '--bootstrap',
    '100',
    '--device',
    'cpu',
  ],
  [
    'recalibrate',
    'model.onnx',
    '--val',
    'features.npz',
    '--counts',
    main,
    '--target-prior',
    main,
    '--classes',
    main,
    '--out',
    'out.onnx',
    '--bootstrap',
    '100',
    '--device',
    'cpu',
  ],
  [
    'evaluate',
    'model.onnx',
    '--data',
    'features.npz',
    '--counts',
    main,
    '--classes',
    main,
    '--bootstrap',
    '0',
  ],
  [
    'extract',
    'model.onnx',
    '--data',
    'inputs.npz',
    '--preprocess',
    main,
    '--out',
    'out.npz',
    '--device',
    'cpu',
    '--workers',
    '0',
  ],
];
