/** What SECURITY.md says that the package never does. Needs dist (npm run build). */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { encodeNpz } from '../src/array/npz.js';
import { main } from './cli/run-cli.js';
import { temporaryFolder } from './data/temporary-folder.js';
import { vectorClassifier } from './features/small-classifiers.js';

const ROOT = resolve(import.meta.dirname, '..');
const file = temporaryFolder();

/** Loaded before everything else, also in threads: every way to the network tells of itself and fails. */
const GUARD = `
const { appendFileSync } = require('node:fs');
const refuse = (what) => function () {
  appendFileSync(process.env.NETWORK_LOG, what + '\\n');
  throw new Error('The network was used: ' + what);
};
require('node:net').Socket.prototype.connect = refuse('net');
require('node:dgram').createSocket = refuse('dgram');
for (const name of ['http', 'https']) for (const way of ['request', 'get']) require('node:' + name)[way] = refuse(name);
require('node:http2').connect = refuse('http2');
require('node:tls').connect = refuse('tls');
const dns = require('node:dns');
for (const of of [dns, dns.promises]) for (const way of ['lookup', 'resolve', 'resolve4', 'resolve6']) of[way] = refuse('dns');
for (const name of ['fetch', 'WebSocket', 'EventSource']) globalThis[name] = refuse(name);
`;

const LOG = file('network.log');
const cwd = file('work');
const [home, temporary] = [file('home'), file('tmp')];

/** Everything that the command line can do, and what each verb leaves behind. */
const VERBS: readonly (readonly [args: string, ...written: string[]])[] = [
  ['doctor'],
  ['--help'],
  ['inspect model.onnx'],
  ['extract model.onnx --data inputs.npz --out train.npz', 'train.npz'],
  ['extract model.onnx --data inputs.npz --out train.parquet --workers 2', 'train.parquet'],
  ['extract model.onnx --data inputs.npz --out store/', 'store'],
  ['diagnose train.npz --model model.onnx --report r.html --svg plots', 'r.html', 'plots'],
  ['diagnose train.npz --save-statistics s.npz', 's.npz'],
  ['evaluate model.onnx --data train.npz'],
  ['fit train.npz --method wb --epochs 1 --init model.onnx --out head.npz', 'head.npz'],
  ['graft model.onnx --head head.npz --out grafted.onnx', 'grafted.onnx'],
  [
    'recalibrate model.onnx --val train.npz --counts counts.json --out out.onnx --report o.html',
    'out.onnx',
    'o.html',
  ],
];

beforeAll(() => {
  for (const folder of [cwd, home, temporary]) mkdirSync(folder, { recursive: true });
  file('guard.cjs', GUARD);
  file('work/model.onnx', vectorClassifier());
  const samples = 60;
  const data = Float32Array.from({ length: samples * 2 }, (_, i) => Math.sin(i * i));
  const labels = Int32Array.from({ length: samples }, (_, i) => i % 3);
  file(
    'work/inputs.npz',
    encodeNpz({ inputs: { shape: [samples, 2], data }, labels: { shape: [samples], data: labels } }),
  );
  file('work/counts.json', '[100, 20, 5]');
});

/** Without what makes onnxruntime keep silent by itself. */
function plainEnvironment(): Record<string, string | undefined> {
  const names = Object.keys(process.env).filter(
    (name) => !/^(CI|.*_CI|ORT_.*|GITHUB_\w+|TF_BUILD|VITEST.*)$/.test(name),
  );
  return Object.fromEntries(names.map((name) => [name, process.env[name]]));
}

function guarded(args: readonly string[]) {
  return spawnSync(process.execPath, args, {
    cwd,
    encoding: 'utf8',
    timeout: 60_000,
    env: {
      ...plainEnvironment(),
      NODE_OPTIONS: `--require ${file('guard.cjs')}`,
      NETWORK_LOG: LOG,
      ...{ HOME: home, USERPROFILE: home, XDG_CACHE_HOME: home, XDG_CONFIG_HOME: home },
      ...{ TMPDIR: temporary, TEMP: temporary, TMP: temporary },
    },
  });
}

describe('the guard of these tests', () => {
  it.each([
    ["fetch('http://127.0.0.1:9')", 'fetch'],
    ["await import('node:net').then(({ connect }) => connect(9))", 'net'],
    ["await import('node:dns/promises').then(({ lookup }) => lookup('localhost'))", 'dns'],
    ["await import('node:https').then(({ default: { get } }) => get('https://127.0.0.1:9'))", 'https'],
    [
      "import { Worker } from 'node:worker_threads'; new Worker(\"fetch('http://127.0.0.1:9')\", { eval: true })",
      'fetch',
    ],
  ])('notices %s', (code, what) => {
    const { status } = guarded(['--input-type=module', '--eval', code]);
    expect(status).toBe(1);
    expect(readFileSync(LOG, 'utf8')).toContain(what);
    rmSync(LOG);
  });
});

describe('no network, and no file that was not asked for', () => {
  it.each(VERBS)('%s', { timeout: 60_000 }, (args, ...written) => {
    const before = readdirSync(cwd);
    const { status, stderr } = guarded([main, ...args.split(' ')]);
    expect([status, stderr]).toEqual([0, expect.not.stringContaining('network')]);
    expect(existsSync(LOG)).toBe(false);
    expect(
      readdirSync(cwd)
        .filter((name) => !before.includes(name))
        .sort(),
    ).toEqual([...written].sort());
    expect([readdirSync(home), readdirSync(temporary)]).toEqual([[], []]);
  });

  it('knows every verb', () => {
    const { stdout } = guarded([main, '--help']);
    const verbs = [...stdout.matchAll(/^ {2}([a-z]+) (?:\[|<| )/gm)].map(([, verb]) => verb);
    expect(verbs.length).toBeGreaterThan(7);
    const run = new Set(VERBS.map(([args]) => args.split(' ')[0]));
    expect(verbs.filter((verb) => verb !== 'help' && !run.has(verb))).toEqual([]);
  });

  it('overwrites nothing without --force', () => {
    for (const name of ['train.npz', 'grafted.onnx']) expect(existsSync(join(cwd, name)), name).toBe(true);
    const bytes = readFileSync(join(cwd, 'grafted.onnx'));
    const { status, stderr } = guarded([
      main,
      ...'graft model.onnx --head head.npz --out grafted.onnx'.split(' '),
    ]);
    expect([status, stderr]).toEqual([1, expect.stringContaining('--force')]);
    expect(readFileSync(join(cwd, 'grafted.onnx')).equals(bytes)).toBe(true);
  });
});

describe('what is shipped', () => {
  const dist = join(ROOT, 'dist');
  const scripts = readdirSync(dist, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => /\.c?js$/.test(path));
  const compiled = scripts.filter((path) => !path.startsWith('browser/'));
  const code = (path: string) =>
    readFileSync(join(dist, path), 'utf8').replace(/^\s*(\*|\/\/|\/\*).*$/gm, '');

  it('loads these modules of Node and no others', () => {
    const found = compiled.flatMap((path) =>
      [...code(path).matchAll(/(?:from|import\(|require\()\s*['"]node:([\w/]+)['"]/g)].map(([, name]) => [
        name,
        path,
      ]),
    );
    const names = [...new Set(found.map(([name]) => name))].sort();
    const allowed = ['child_process', 'crypto', 'fs', 'fs/promises', 'module', 'os', 'path', 'perf_hooks'];
    expect(
      names.filter(
        (name) => ![...allowed, 'timers/promises', 'url', 'util', 'worker_threads', 'zlib'].includes(name),
      ),
    ).toEqual([]);
    expect(found.filter(([name]) => name === 'child_process').map(([, path]) => path)).toEqual([
      'runtime/elf.node.js',
      'runtime/probe.node.js',
    ]);
    // Without the prefix they would pass unseen.
    for (const path of compiled)
      expect(code(path), path).not.toMatch(
        /(?:from|import\(|require\()\s*['"](?:net|https?|dns|tls|child_process|vm)['"]/,
      );
  });

  it('makes no code of text, and asks for nothing by address', () => {
    const ways =
      /\beval\s*\(|new Function\b|\bFunction\s*\(|\bfetch\s*\(|\bXMLHttpRequest\b|\bWebSocket\b|\bsendBeacon\b|registerCustomOp/g;
    const found = scripts.flatMap((path) => (code(path).match(ways) ?? []).map((what) => `${path}: ${what}`));
    // Papa Parse reads from addresses where it is asked to; src/data/csv.ts hands it text.
    expect([...new Set(found)]).toEqual(['browser/onnx-tailor.js: XMLHttpRequest']);
  });

  it('reads these variables of the environment and no others', () => {
    const found = compiled.flatMap((path) =>
      [...code(path).matchAll(/process\.env(?:\.(\w+)|\b)/g)].map(([, name]) => name),
    );
    expect([...new Set(found)].sort()).toEqual([
      'LD_LIBRARY_PATH',
      'NVIDIA_TF32_OVERRIDE',
      'ORT_DISABLE_TELEMETRY',
      'UV_THREADPOOL_SIZE',
    ]);
  });
});

describe('SECURITY.md', () => {
  const text = readFileSync(join(ROOT, 'SECURITY.md'), 'utf8');

  it('names what is there', () => {
    for (const [, path] of text.matchAll(/`((?:test|\.github|src)\/[\w./-]+)`|\]\(([\w./-]+)\)/g))
      if (path) expect(existsSync(join(ROOT, path)), path).toBe(true);
    const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    expect(text).toContain(`Node ${engines.node.slice(2)}`);
  });
});
