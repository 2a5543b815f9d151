/** What `npm publish` would send, and whether it works where nothing else is. Needs dist (npm run build). */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from './data/temporary-folder.js';
import { vectorClassifier } from './features/small-classifiers.js';

const ROOT = resolve(import.meta.dirname, '..');
const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const file = temporaryFolder();

/** Bytes of the tarball, and of its files. The README says nothing of it: whoever needs more raises it here, and says why. */
const MOST_PACKED = 1_000_000;
const MOST_UNPACKED = 3_200_000;

/** Every kind of file that may be in it. */
const KINDS = [
  /^(package\.json|README\.md|CHANGELOG\.md|LICENSE)$/,
  /^dist\/index\.(js|d\.ts)$/,
  // One floor of the sources each, in folders of theirs; the page is no part of the package.
  /^dist\/(array|onnx|runtime|compute|data|features|evaluation|diagnostics|head|recalibrate|report|cli)\/([\w-]+\/)*[\w-]+(\.node|\.browser)?\.(js|d\.ts)$/,
  /^dist\/cli\/launch\.(cjs|d\.cts)$/,
  /^dist\/browser\/([\w-]+\.js|LICENSES\.txt)$/,
];

let packed: Map<string, Uint8Array>;
let tarball: string;

beforeAll(() => {
  const folder = file('packed');
  mkdirSync(folder);
  const { status, stderr } = npm(['pack', '--ignore-scripts', '--pack-destination', folder], ROOT);
  if (status !== 0) throw new Error(stderr);
  const names = readdirSync(folder);
  expect(names).toEqual([`onnx-tailor-${manifest.version}.tgz`]);
  tarball = join(folder, names[0]);
  packed = filesOf(tarball);
}, 60_000);

describe('the tarball', () => {
  it('has files of known kinds only', () => {
    const others = [...packed.keys()].filter((path) => !KINDS.some((kind) => kind.test(path)));
    expect(others).toEqual([]);
    for (const path of ['package.json', 'README.md', 'CHANGELOG.md', 'LICENSE', 'dist/browser/LICENSES.txt'])
      expect(packed.has(path), path).toBe(true);
  });

  it('has what the present sources compile to: nothing stale, nothing missing', () => {
    const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
      .map((path) => path.replaceAll('\\', '/'))
      .filter((path) => /\.(ts|cts|js)$/.test(path) && !path.startsWith('web/'));
    const made = sources.flatMap((path) =>
      path.endsWith('.cts')
        ? [path.replace(/cts$/, 'cjs'), path.replace(/cts$/, 'd.cts')]
        : [path.replace(/(ts|js)$/, 'js'), path.replace(/(ts|js)$/, 'd.ts')],
    );
    const compiled = [...packed.keys()].filter((path) => /^dist\/(?!browser\/)/.test(path));
    expect(compiled.sort()).toEqual(made.map((path) => `dist/${path}`).sort());
  });

  it('is of the sources as they are', () => {
    // Else every test here speaks of another package: the names of the API are in both.
    const newest = Math.max(
      ...readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
        .filter((path) => /\.(ts|cts|js)$/.test(path) && !path.startsWith('web'))
        .map((path) => statSync(join(ROOT, 'src', path)).mtimeMs),
    );
    const built = statSync(join(ROOT, 'dist/browser/LICENSES.txt')).mtimeMs;
    expect(built, 'dist is older than src: run "npm run build"').toBeGreaterThan(newest);
  });

  it('keeps to its size', () => {
    const unpacked = [...packed.values()].reduce((sum, { length }) => sum + length, 0);
    const { size } = statSync(tarball);
    console.info(
      `${packed.size} files, ${(unpacked / 1e6).toFixed(2)} MB, packed ${(size / 1e6).toFixed(2)} MB`,
    );
    expect(size).toBeLessThan(MOST_PACKED);
    expect(unpacked).toBeLessThan(MOST_UNPACKED);
  });

  it('tells nothing of the machine that it was made on', () => {
    const places = [ROOT, homedir()].filter((place) => place.length > 1);
    for (const [path, bytes] of packed) {
      const text = Buffer.from(bytes).toString();
      for (const place of places) expect(text.includes(place), `${path}: ${place}`).toBe(false);
      expect(text.match(/(?<![\w.])\/(?:home|Users)\/\w+|[A-Z]:\\+Users\\+\w+/g), path).toBeNull();
      // A map without its sources points at nothing.
      expect(text.includes('sourceMappingURL'), path).toBe(false);
    }
  });

  it('has no secret', () => {
    for (const [path, bytes] of packed) {
      const text = Buffer.from(bytes).toString();
      expect(
        text.match(/-----BEGIN|_authToken|\b(?:npm|ghp|github_pat)_\w{20,}|\bAKIA[A-Z\d]{16}\b/g),
        path,
      ).toBeNull();
    }
  });

  it('has the licence, and those of what is bundled in it', () => {
    const text = (path: string) => Buffer.from(packed.get(path)!).toString();
    expect(text('LICENSE')).toMatch(/^MIT License\n\nCopyright \(c\) \d{4} /);
    expect(manifest.license).toBe('MIT');
    const parts = text('dist/browser/LICENSES.txt').split(`\n${'-'.repeat(80)}\n\n`);
    const licences = new Map(parts.map((part) => [part.slice(0, part.indexOf(' ')), part]));
    const bundled = [...licences.keys()];
    // All that the package depends on is MIT or Apache and BSD; what came with another licence should be looked at.
    for (const [name, part] of licences) {
      const [title, ...rest] = part.split('\n');
      expect(title, name).toMatch(/^\S+ \d\S* \((MIT|\(Apache-2\.0 AND BSD-3-Clause\))\)$/);
      expect(rest.join('\n'), name).toMatch(/Permission is hereby granted|Redistribution and use/);
      if (/Apache/.test(title)) expect(part).toContain('TERMS AND CONDITIONS FOR USE, REPRODUCTION');
    }
    expect(licences.get('@bufbuild/protobuf')).toMatch(
      /Copyright .*Buf Technologies[\s\S]*Copyright 2008 Google/,
    );
    expect(licences.get('onnxruntime-common')).toMatch(/Copyright \(c\) Microsoft/);
    expect(licences.get('onnx-buf')).toContain('SPDX-License-Identifier: Apache-2.0');
    for (const name of ['fflate', 'ml-matrix', 'papaparse', 'hyparquet', 'fzstd'])
      expect(bundled).toContain(name);
  });
});

describe('installed in an empty folder', () => {
  it('can be imported, run and typed', { timeout: 300_000 }, (context) => {
    const folder = file('project');
    mkdirSync(folder);
    writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
    const args = ['install', tarball, '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
    const installed = npm([...args, '--fetch-retries=1'], folder);
    if (installed.status !== 0) {
      const reason = unreachable(installed.stderr);
      if (!reason) throw new Error(installed.stderr);
      console.warn(`Skipping the installation from the tarball: the registry does not answer (${reason}).`);
      context.skip();
    }
    const packages = readdirSync(join(folder, 'node_modules'));
    expect(packages).toContain('onnxruntime-node');
    // Optional peers and what tests need do not come along.
    for (const name of ['sharp', 'onnxruntime-web', 'typescript', 'vitest'])
      expect(packages).not.toContain(name);

    const script = `
      import { openModel, VERSION } from 'onnx-tailor';
      import manifest from 'onnx-tailor/package.json' with { type: 'json' };
      const { location } = await openModel('vector.onnx');
      console.log(VERSION === manifest.version, location.classes, location.dimensions);`;
    writeFileSync(join(folder, 'script.js'), script);
    writeFileSync(join(folder, 'vector.onnx'), vectorClassifier());
    const imported = run(process.execPath, ['--no-warnings', 'script.js'], folder);
    expect(imported).toMatchObject({ status: 0, stdout: 'true 3 2\n', stderr: '' });

    const command = join(folder, 'node_modules/.bin/onnx-tailor');
    expect(existsSync(command)).toBe(true);
    expect(run(command, ['--version'], folder)).toMatchObject({ status: 0, stdout: `${manifest.version}\n` });
    const inspected = run(command, ['inspect', 'vector.onnx', '--json'], folder);
    expect(JSON.parse(inspected.stdout).heads).toHaveLength(1);
    const wrong = run(command, ['inspect', 'none.onnx'], folder);
    expect([wrong.status, wrong.stderr]).toEqual([1, expect.stringContaining('none.onnx')]);

    writeFileSync(
      join(folder, 'typed.ts'),
      "import { type Model, openModel } from 'onnx-tailor';\nexport const model: Promise<Model> = openModel('a.onnx');\n",
    );
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    const flags = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2023', 'typed.ts'];
    expect(run(process.execPath, [tsc, ...flags], folder)).toMatchObject({ status: 0, stdout: '' });
  });
});

function run(command: string, args: readonly string[], cwd: string) {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', timeout: 60_000 });
  return { status, stdout, stderr };
}

function npm(args: readonly string[], cwd: string) {
  // Not what the npm that may run these tests was told by its own variables.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^npm_(config_(?!cache|registry)|package_|lifecycle_)/i.test(name),
    ),
  );
  const { status, stderr, error } = spawnSync('npm', args, { cwd, env, encoding: 'utf8', timeout: 240_000 });
  return { status, stderr: error ? String(error) : stderr };
}

/** Why the registry could not be asked; undefined where it answered. */
function unreachable(stderr: string): string | undefined {
  return /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ERR_SOCKET_TIMEOUT|ENETUNREACH|EHOSTUNREACH|ENOTCACHED|E50\d|SELF_SIGNED_CERT_IN_CHAIN)\b/.exec(
    stderr,
  )?.[1];
}

/** The files of a tarball of npm, by path below its folder `package`. */
function filesOf(path: string): Map<string, Uint8Array> {
  const bytes = gunzipSync(readFileSync(path));
  const text = (at: number, length: number) => bytes.toString('utf8', at, at + length).replace(/\0.*$/s, '');
  const files = new Map<string, Uint8Array>();
  for (let at = 0; bytes[at] !== 0 && at < bytes.length; ) {
    const size = Number.parseInt(text(at + 124, 12), 8);
    const [name, prefix] = [text(at, 100), text(at + 345, 155)];
    if (text(at + 156, 1) === '0' || bytes[at + 156] === 0)
      files.set(
        (prefix ? `${prefix}/${name}` : name).replace(/^package\//, ''),
        bytes.subarray(at + 512, at + 512 + size),
      );
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}
