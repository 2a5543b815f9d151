#!/usr/bin/env node
// The built package under every Node that it supports, from the registry: `npx -p node@VERSION`.
//
//   npm run build && npm run test:nodes [-- --versions 20.19,22,24] [--suite some|all|none] [--require]
//
// For each: the library and its threads, every verb of the command line on a model of this repository, and a part of the
// tests (`--suite all`: all that run in Node). Where the registry does not give a Node, it is left out with the reason;
// `--require` makes that a failure.

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const root = resolve(import.meta.dirname, '..');
const { values: options } = parseArgs({
  options: {
    versions: { type: 'string', default: '20.19,22,24' },
    suite: { type: 'string', default: 'some' },
    require: { type: 'boolean', default: false },
  },
});

/** Files, decoders, threads, signals, and the command line as users run it: what differs between versions of Node. */
const SOME = [
  'test/array',
  'test/cli/arguments.test.ts',
  'test/cli/cli.test.ts',
  'test/cli/interrupt.test.ts',
  'test/cli/extract-pictures.test.ts',
  'test/features/pipeline.test.ts',
  'test/features/store.test.ts',
  'test/runtime',
  'test/recalibrate/changed-model.test.ts',
  'test/readme.test.ts',
];

const MODEL = join(root, 'models/cifar10-lt-resnet20-wd.onnx');
const COMMAND = join(root, 'dist/cli/launch.cjs');

/** 40 pictures in ten folders. By the Node that is here: the same for all. */
const PREPARE = `
import { mkdirSync } from 'node:fs';
import sharp from 'sharp';
const names = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'];
for (const [k, name] of names.entries()) {
  mkdirSync('pictures/' + name, { recursive: true });
  for (let i = 0; i < 4; i++) {
    const data = Uint8Array.from({ length: 32 * 32 * 3 }, (_, at) => (at * (k + 3) + i * 41 + ((at * at) % 97)) % 256);
    await sharp(data, { raw: { width: 32, height: 32, channels: 3 } }).png().toFile('pictures/' + name + '/' + i + '.png');
  }
}`;

const LIBRARY = `
import assert from 'node:assert/strict';
import * as tailor from 'onnx-tailor';
const [path] = process.argv.slice(2);
const model = await tailor.openModel(path);
const source = await tailor.imageFolder('pictures', { classes: model.classes });
const one = await model.extract(source, { device: 'cpu', workers: 1, threads: 1 });
const two = await model.extract(source, { device: 'cpu', workers: 2, threads: 2 });
assert.equal(one.samples, 40);
assert.ok(one.features.data.every((value, i) => Math.abs(value - two.features.data[i]) < 1e-4));
const stopped = new AbortController();
setTimeout(() => stopped.abort(), 0);
await assert.rejects(model.extract(source, { batch: 1, signal: stopped.signal }), { code: 'ABORTED' });
const diagnostics = await tailor.diagnose(one, { head: model.head });
assert.ok(diagnostics.fdr.value > 0);
const result = await tailor.recalibrate(model, { validation: one, apply: 'always' });
await result.save('balanced.onnx');
const again = await tailor.openModel('balanced.onnx');
assert.equal(again.sha256, result.changed.sha256);
console.log(Object.keys(tailor).length + ' names');
`;

let failed = 0;
for (const version of options.versions.split(',')) {
  const node = fetchNode(version);
  if (typeof node !== 'string') {
    console.log(`Node ${version}: left out, the registry did not give it (${node.reason}).`);
    if (options.require) failed++;
    continue;
  }
  const exact = run(node, ['--version']).stdout.trim();
  const steps = [
    ['the library and its threads', () => library(node)],
    ['the command line', () => commandLine(node)],
  ];
  if (options.suite !== 'none') steps.push([`tests (${options.suite})`, () => suite(node)]);
  for (const [name, step] of steps) {
    const start = performance.now();
    let outcome;
    try {
      outcome = step();
    } catch (error) {
      failed++;
      outcome = `FAILED\n${error.message.trim().split('\n').slice(-40).join('\n')}`;
    }
    console.log(`Node ${exact}: ${name}: ${outcome} (${((performance.now() - start) / 1000).toFixed(0)} s)`);
  }
}
process.exitCode = failed > 0 ? 1 : 0;

/** The path of a Node; `reason` where it is not to be had. */
function fetchNode(version) {
  const { status, stdout, stderr, error } = spawnSync(
    'npx',
    ['--yes', '--package', `node@${version}`, 'node', '--print', 'process.execPath'],
    { encoding: 'utf8', timeout: 300_000, cwd: tmpdir() },
  );
  const path = stdout?.trim().split('\n').at(-1);
  if (status === 0 && path) return path;
  const said = (stderr ?? '')
    .split('\n')
    .filter((line) => /error/i.test(line) && !/log of this run/.test(line));
  return { reason: error?.message ?? said[0]?.trim() ?? `npx ended with ${status}` };
}

/** Throws with what was printed where it fails. */
function run(node, args, cwd = root) {
  const PATH = `${dirname(node)}${delimiter}${process.env.PATH}`;
  const env = { ...process.env, PATH, NODE_OPTIONS: '', FORCE_COLOR: '0', NO_COLOR: '1' };
  const done = spawnSync(node, args, { cwd, env, encoding: 'utf8', timeout: 3_600_000, maxBuffer: 2 ** 28 });
  if (done.error) throw done.error;
  if (done.status !== 0)
    throw new Error(
      `${args.slice(0, 3).join(' ')} … ended with ${done.status}\n${done.stdout}\n${done.stderr}`,
    );
  return done;
}

/** Does `work` in a folder from which the package can be imported, with pictures in it. */
function inFolder(work) {
  const folder = mkdtempSync(join(tmpdir(), 'onnx-tailor-nodes-'));
  try {
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(root, join(folder, 'node_modules/onnx-tailor'), 'junction');
    symlinkSync(join(root, 'node_modules/sharp'), join(folder, 'node_modules/sharp'), 'junction');
    writeFileSync(join(folder, 'prepare.mjs'), PREPARE);
    run(process.execPath, ['prepare.mjs'], folder);
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function library(node) {
  return inFolder((folder) => {
    writeFileSync(join(folder, 'library.mjs'), LIBRARY);
    return run(node, ['--throw-deprecation', 'library.mjs', MODEL], folder).stdout.trim();
  });
}

function commandLine(node) {
  return inFolder((folder) => {
    const verbs = [
      ['doctor'],
      ['inspect', MODEL],
      ['extract', MODEL, '--data', 'pictures', '--out', 'train.npz', '--workers', '2'],
      ['extract', MODEL, '--data', 'pictures', '--out', 'val.parquet', '--batch', '8'],
      ['extract', MODEL, '--data', 'pictures', '--out', 'store/', '--shard', '1/1'],
      ['diagnose', 'store/', '--model', MODEL, '--report', 'diagnosis.html'],
      ['evaluate', MODEL, '--data', 'train.npz'],
      ['fit', 'train.npz', '--method', 'wb', '--init', MODEL, '--epochs', '2', '--out', 'head.safetensors'],
      ['graft', MODEL, '--head', 'head.safetensors', '--out', 'grafted.onnx'],
      ['recalibrate', MODEL, '--val', 'val.parquet', '--out', 'balanced.onnx', '--report', 'report.html'],
      ['inspect', 'balanced.onnx'],
    ];
    for (const verb of verbs) {
      const { stdout, stderr } = run(node, ['--throw-deprecation', COMMAND, ...verb, '--json'], folder);
      JSON.parse(stdout);
      if (/\bat .*:\d+:\d+|Warning/.test(stderr)) throw new Error(`${verb.join(' ')} printed:\n${stderr}`);
    }
    return `${verbs.length} commands`;
  });
}

function suite(node) {
  const files = options.suite === 'all' ? [] : SOME;
  const { stdout } = run(node, [
    join(root, 'node_modules/vitest/vitest.mjs'),
    ...['run', '--project', 'node', '--reporter', 'dot'],
    ...files,
  ]);
  return /^\s*Tests\s+(.*)$/m.exec(stdout)?.[1] ?? 'done';
}
