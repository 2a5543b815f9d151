/** The command line as a child process: documents, exit codes, and that bad input loses nothing. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { encodeNpz, readNpz } from '../../src/array/npz.js';
import { temporaryFolder } from '../data/temporary-folder.js';
import {
  CLASSES,
  COUNTS,
  DIMENSIONS,
  longTailFile,
  longTailModel,
  longTailSource,
} from '../recalibrate/long-tail-problem.js';
import { runCli, runJson } from './run-cli.js';

const file = temporaryFolder();
let cwd = '';

beforeAll(() => {
  cwd = dirname(file('model.onnx', longTailModel()));
  file('val.npz', longTailFile('inputs', 60, 1));
  file('test.npz', longTailFile('inputs', 200, 2));
  file('counts.json', JSON.stringify(COUNTS));
});

describe('inspect', () => {
  it('prints one document with the keys of DESIGN.md', () => {
    const { code, document, stderr } = runJson(['inspect', 'model.onnx'], cwd);
    expect(code).toBe(0);
    expect(stderr).toBe('');
    expect(Object.keys(document)).toEqual(
      expect.arrayContaining(['model', 'inputs', 'outputs', 'heads', 'refused']),
    );
    expect(document.heads).toEqual([
      expect.objectContaining({
        output: expect.any(String),
        kind: 'gemm',
        classes: CLASSES,
        dimensions: DIMENSIONS,
        bias: true,
        dtype: 'float32',
        features: expect.any(String),
        activation: expect.any(String),
        norms: { min: 2, max: 2 },
      }),
    ]);
    expect(document.model).toEqual(
      expect.objectContaining({ sha256: expect.stringMatching(/^[0-9a-f]{64}$/), opset: expect.any(Number) }),
    );
  });

  it('is readable without --json', () => {
    const { code, stdout } = runCli(['inspect', 'model.onnx'], cwd);
    expect(code).toBe(0);
    expect(stdout).toMatch(/6 classes × 6 dimensions/);
  });

  it.each([
    ['empty.onnx', '', /empty/],
    ['text.onnx', 'not a model', /ONNX/],
    ['page.onnx', '<!doctype html><html></html>', /HTML/],
  ])('refuses %s', (name, content, message) => {
    file(name, content);
    const { code, document, stderr } = runJson(['inspect', name], cwd);
    expect(code).toBe(1);
    expect(document.error).toEqual({ code: 'MODEL_INVALID', message: expect.stringMatching(message) });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it('refuses every truncation of a model, without a stack trace', () => {
    const bytes = longTailModel();
    for (const length of [1, 2, 10, Math.floor(bytes.length / 2), bytes.length - 1]) {
      file('cut.onnx', bytes.subarray(0, length));
      const { code, stderr } = runCli(['inspect', 'cut.onnx'], cwd);
      expect(code, `${length} bytes`).toBe(1);
      expect(stderr).toMatch(/cut\.onnx/);
      expect(stderr).not.toMatch(/\n\s+at /);
    }
  });
});

describe('wrong usage', () => {
  it.each([
    [['frobnicate'], /unknown command/],
    [['inspect'], /missing required argument/],
    [['inspect', 'model.onnx', '--colour'], /unknown option/],
    [['extract', 'model.onnx', '--data', 'val.npz'], /--out/],
    [['extract', 'model.onnx', '--data', 'val.npz', '--out', 'f.npz', '--batch', '0'], /at least 1/],
    [
      ['extract', 'model.onnx', '--data', 'val.npz', '--out', 'f.npz', '--device', 'tpu'],
      /auto, cpu, cuda, webgpu/,
    ],
    [['recalibrate', 'model.onnx', '--val', 'val.npz', '--out', 'o.onnx', '--tau', '1'], /needs a method/],
    [
      [
        'recalibrate',
        'model.onnx',
        '--val',
        'val.npz',
        '--out',
        'o.onnx',
        '--method',
        'additive',
        '--gamma',
        '1',
      ],
      /--tau/,
    ],
  ])('%j exits with 2', (args, message) => {
    const { code, stdout, stderr } = runCli(args, cwd);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
  });

  it('is a JSON document too when asked for', () => {
    const { code, document } = runJson(['inspect'], cwd);
    expect(code).toBe(2);
    expect(document.error).toEqual({ code: 'USAGE', message: expect.stringMatching(/model/) });
  });

  it.each([['--help'], ['--version'], ['recalibrate', '--help']])('%s exits with 0', (...args) => {
    const { code, stdout } = runCli(args, cwd);
    expect(code).toBe(0);
    expect(stdout).not.toBe('');
  });
});

describe('extract', () => {
  it('writes features, logits and labels, and prints the document of DESIGN.md', async () => {
    const { code, document } = runJson(
      ['extract', 'model.onnx', '--data', 'val.npz', '--out', 'features.npz'],
      cwd,
    );
    expect(code).toBe(0);
    expect(document).toEqual(
      expect.objectContaining({
        samples: 60 * CLASSES,
        dimensions: DIMENSIONS,
        classes: CLASSES,
        device: expect.any(String),
        refusedDevices: expect.any(Array),
        seconds: expect.any(Number),
        samplesPerSecond: expect.any(Number),
        out: 'features.npz',
      }),
    );
    const arrays = await readNpz(join(cwd, 'features.npz'));
    expect(arrays.get('features')?.shape).toEqual([60 * CLASSES, DIMENSIONS]);
    expect(arrays.get('logits')?.shape).toEqual([60 * CLASSES, CLASSES]);
    expect(Array.from(arrays.get('labels')!.data, Number)).toEqual(Array.from(longTailSource(60, 1).labels!));
  });

  it('does not overwrite without --force', () => {
    file('taken.npz', 'precious');
    const args = ['extract', 'model.onnx', '--data', 'val.npz', '--out', 'taken.npz'];
    const refused = runCli(args, cwd);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/--force/);
    expect(readFileSync(join(cwd, 'taken.npz'), 'utf8')).toBe('precious');
    expect(runCli([...args, '--force'], cwd).code).toBe(0);
    expect(readFileSync(join(cwd, 'taken.npz')).subarray(0, 2).toString()).toBe('PK');
  });
});

describe('recalibrate', () => {
  it('prints the document of DESIGN.md; evaluate of the new file gives the same figures', () => {
    const { code, document } = runJson(
      [
        'recalibrate',
        'model.onnx',
        '--val',
        'val.npz',
        '--counts',
        'counts.json',
        '--test',
        'test.npz',
        '--out',
        'new.onnx',
      ],
      cwd,
    );
    expect(code).toBe(0);
    expect(Object.keys(document)).toEqual(
      expect.arrayContaining([
        'method',
        'parameters',
        'before',
        'after',
        'improvement',
        'verification',
        'out',
        'sha256',
      ]),
    );
    const { verification } = document as {
      verification: { maxAbsLogitDifference: number; argmaxAgreement: number };
    };
    expect(verification.maxAbsLogitDifference).toBeLessThan(1e-4);
    expect(verification.argmaxAgreement).toBe(1);
    const { test } = document as {
      test: { after: { average: number; perClass: number[] }; before: { average: number } };
    };
    expect(test.after.average).toBeGreaterThan(test.before.average + 0.05);

    const run = runJson(['evaluate', 'new.onnx', '--data', 'test.npz'], cwd);
    expect(run.document.perClass).toEqual(test.after.perClass);
    expect(run.document.many).toBeDefined(); // counts travel in the metadata
  });

  it('works from a feature file, and proves the model on the inputs kept in it', () => {
    runCli(['extract', 'model.onnx', '--data', 'val.npz', '--out', 'kept.npz', '--force'], cwd);
    const { code, document } = runJson(
      [
        'recalibrate',
        'model.onnx',
        '--val',
        'kept.npz',
        '--counts',
        'counts.json',
        '--out',
        'kept.onnx',
        '--method',
        'additive',
      ],
      cwd,
    );
    expect(code).toBe(0);
    expect(document.verification).toEqual(
      expect.objectContaining({ samples: 64, inputs: expect.stringMatching(/kept\.npz/) }),
    );
  });

  it('is plain to read', () => {
    const { code, stdout, stderr } = runCli(
      ['recalibrate', 'model.onnx', '--val', 'val.npz', '--counts', 'counts.json', '--out', 'plain.onnx'],
      cwd,
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Chosen: /);
    expect(stdout).toMatch(/average +\d+\.\d % +\d+\.\d % +\+\d/);
    expect(stdout).toMatch(/same class on 100 %/);
    expect(stderr).toMatch(/Validation: 360\/360 samples/);
  });

  it.each<[string, Record<string, Uint8Array | string>, string[], string, RegExp]>([
    [
      'counts of the wrong length',
      { 'c.json': '[1,2,3]' },
      ['--counts', 'c.json'],
      'COUNTS_INVALID',
      /6 classes/,
    ],
    ['a count of zero', { 'c.json': '[1,2,3,0,5,6]' }, ['--counts', 'c.json'], 'COUNTS_INVALID', /class 3/],
    ['a negative count', { 'c.json': '[1,2,3,-4,5,6]' }, ['--counts', 'c.json'], 'COUNTS_INVALID', /class 3/],
    ['counts that are no JSON', { 'c.json': '[1,2' }, ['--counts', 'c.json'], 'FORMAT_INVALID', /JSON/],
    ['no counts', {}, [], 'COUNTS_INVALID', /--counts/],
    [
      'a class missing in validation',
      { 'v.npz': longTailFile('inputs', [9, 9, 9, 9, 9, 0], 1) },
      ['--counts', 'counts.json', '--val', 'v.npz'],
      'CLASS_MISSING',
      /class 5/,
    ],
    [
      'labels out of range',
      { 'v.npz': features({ labels: [0, 1, 6] }) },
      ['--counts', 'counts.json', '--val', 'v.npz'],
      'LABELS_INVALID',
      /label 6 of sample 2/,
    ],
    [
      'NaN features',
      { 'v.npz': features({ value: Number.NaN }) },
      ['--counts', 'counts.json', '--val', 'v.npz'],
      'NOT_FINITE',
      /sample 0, dimension 0 is NaN/,
    ],
    [
      'infinite features',
      { 'v.npz': features({ value: Number.NEGATIVE_INFINITY }) },
      ['--counts', 'counts.json', '--val', 'v.npz'],
      'NOT_FINITE',
      /-Infinity/,
    ],
    [
      'features of another width',
      { 'v.npz': features({ dimensions: 5 }) },
      ['--counts', 'counts.json', '--val', 'v.npz'],
      'SHAPE_MISMATCH',
      /5 dimensions.*takes 6/,
    ],
    [
      'a model that is no model',
      { 'm.onnx': 'x' },
      ['--counts', 'counts.json', 'MODEL=m.onnx'],
      'MODEL_INVALID',
      /m\.onnx/,
    ],
  ])('refuses %s and leaves no file', (_, files, args, code, message) => {
    for (const [name, content] of Object.entries(files)) file(name, content);
    const model = args.find((arg) => arg.startsWith('MODEL='))?.slice(6) ?? 'model.onnx';
    const rest = args.filter((arg) => !arg.startsWith('MODEL='));
    const val = rest.includes('--val') ? [] : ['--val', 'val.npz'];
    const before = readdirSync(cwd).sort();
    const result = runJson(['recalibrate', model, ...val, ...rest, '--out', 'refused.onnx'], cwd);
    expect(result.document.error).toEqual({ code, message: expect.stringMatching(message) });
    expect(result.code).toBe(1);
    expect(result.stderr).not.toMatch(/\n\s+at /);
    expect(readdirSync(cwd).sort()).toEqual(before);
  });

  it('refuses a folder that does not exist before it works', () => {
    const { code, stderr } = runCli(
      ['recalibrate', 'model.onnx', '--val', 'val.npz', '--counts', 'counts.json', '--out', 'nowhere/o.onnx'],
      cwd,
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(/folder nowhere does not exist/);
    expect(stderr).not.toMatch(/Validation/);
  });
});

/** A feature file with 3 samples. */
function features({ labels = [0, 1, 2], value = 0.5, dimensions = DIMENSIONS } = {}): Uint8Array {
  const data = new Float32Array(3 * dimensions).fill(0.25);
  data[0] = value;
  return encodeNpz({
    features: { shape: [3, dimensions], data },
    labels: { shape: [3], data: Int32Array.from(labels) },
  });
}

describe('graft', () => {
  it('puts a head in and proves it', () => {
    file(
      'head.npz',
      encodeNpz({
        weight: {
          shape: [CLASSES, DIMENSIONS],
          data: Float32Array.from({ length: 36 }, (_, i) => Math.sin(i)),
        },
        bias: { shape: [CLASSES], data: new Float32Array(CLASSES).fill(1) },
      }),
    );
    const { code, document } = runJson(
      ['graft', 'model.onnx', '--head', 'head.npz', '--out', 'grafted.onnx'],
      cwd,
    );
    expect(code).toBe(0);
    expect(document).toEqual(expect.objectContaining({ out: 'grafted.onnx', sha256: expect.any(String) }));
    expect(document.verification).toEqual(
      expect.objectContaining({ argmaxAgreement: 1, inputs: 'random numbers' }),
    );
    const evaluated = runJson(['evaluate', 'head.npz', '--data', 'features.npz'], cwd);
    const whole = runJson(['evaluate', 'grafted.onnx', '--data', 'val.npz'], cwd);
    expect(evaluated.document.perClass).toEqual(whole.document.perClass);
  });

  it('refuses a head of another size and leaves nothing', () => {
    file('small.npz', encodeNpz({ weight: { shape: [2, 3], data: new Float32Array(6) } }));
    const { code, document } = runJson(
      ['graft', 'model.onnx', '--head', 'small.npz', '--out', 'never.onnx'],
      cwd,
    );
    expect(code).toBe(1);
    expect(document.error).toEqual({
      code: 'SHAPE_MISMATCH',
      message: expect.stringMatching(/6 classes × 6.*2 × 3/),
    });
    expect(existsSync(join(cwd, 'never.onnx'))).toBe(false);
  });
});

describe('doctor', () => {
  it('names every device and the versions', () => {
    const { code, document } = runJson(['doctor'], cwd);
    expect(code).toBe(0);
    const devices = document.devices as { device: string; available: boolean; reason: string }[];
    expect(devices.map(({ device }) => device).sort()).toEqual(['cpu', 'cuda', 'webgpu']);
    expect(devices.find(({ device }) => device === 'cpu')?.available).toBe(true);
    for (const { reason } of devices) expect(reason).not.toBe('');
    expect(document.versions).toEqual(
      expect.objectContaining({ 'onnx-tailor': expect.any(String), node: expect.any(String) }),
    );
  });
});

/** Runs in a mount namespace of its own, where tests may mount small or read-only disks. */
const NAMESPACE = ['unshare', '--map-root-user', '--mount'];
const probe = spawnSync(NAMESPACE[0], [...NAMESPACE.slice(1), 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']);
const canMount = probe.status === 0;
if (!canMount)
  console.warn('Skipping full and read-only disks: this machine lets no one mount them (unshare).');

describe.skipIf(!canMount)('disks that cannot be written', () => {
  it('a full one: the target is as it was, and nothing else is left', () => {
    writeFileSync(join(cwd, 'big.npz'), longTailFile('inputs', 600, 5));
    // 64 KiB: the old target and a filler fit, the new features do not.
    const script =
      'mkdir -p full && mount -t tmpfs -o size=64k tmpfs full && head -c 40000 /dev/zero > full/filler && ' +
      'echo precious > full/out.npz && { "$@"; code=$?; cat full/out.npz; ls -A full; exit $code; }';
    const result = runCli(
      ['extract', 'model.onnx', '--data', 'big.npz', '--out', 'full/out.npz', '--force'],
      cwd,
      [...NAMESPACE, 'sh', '-c', script, 'sh'],
    );
    expect(result.stderr).toMatch(/no space is left on the disk.*target was left as it was/);
    expect(result.code).toBe(1);
    expect(result.stdout).toBe('precious\nfiller\nout.npz\n');
  });

  it('a read-only one', () => {
    const script = 'mkdir -p locked && mount -t tmpfs -o ro tmpfs locked && "$@"';
    const result = runCli(['extract', 'model.onnx', '--data', 'val.npz', '--out', 'locked/out.npz'], cwd, [
      ...NAMESPACE,
      'sh',
      '-c',
      script,
      'sh',
    ]);
    expect(result.stderr).toMatch(/Writing locked\/out\.npz: its file system is read-only/);
    expect(result.code).toBe(1);
  });
});
