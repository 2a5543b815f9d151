/** What stands on the command line: standard input, class names, outputs that would destroy something, help. */
import { spawnSync } from 'node:child_process';
import { lstatSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { encodeNpz, readNpz } from '../../src/array/npz.js';
import { temporaryFolder } from '../data/temporary-folder.js';
import { pictureClassifier } from '../features/small-classifiers.js';
import { CLASSES, COUNTS, DIMENSIONS, longTailModel, WEIGHT } from '../recalibrate/long-tail-problem.js';
import { main, runCli, runJson } from './run-cli.js';

const file = temporaryFolder();
let cwd = '';

const NAMES = ['ant', 'bee', 'cat', 'dog', 'elk', 'fox'];

/** Samples that lie on the means of their classes, with the names that `classes` gives. */
function features(classes?: readonly string[]): Uint8Array {
  const labels = Int32Array.from({ length: 10 * CLASSES }, (_, i) => i % CLASSES);
  const data = Float32Array.from({ length: labels.length * DIMENSIONS }, (_, i) => {
    const [row, column] = [Math.floor(i / DIMENSIONS), i % DIMENSIONS];
    return (labels[row] === column ? 2 : 0) + Math.sin(i);
  });
  return encodeNpz({
    features: { shape: [labels.length, DIMENSIONS], data },
    labels: { shape: [labels.length], data: labels },
    ...(classes && { classes: { strings: classes } }),
  });
}

beforeAll(() => {
  cwd = dirname(file('model.onnx', longTailModel()));
  file('val.npz', features());
  file('named.npz', features(NAMES));
  file('counts.json', JSON.stringify(COUNTS));
  file('by-name.json', JSON.stringify(Object.fromEntries(NAMES.map((name, k) => [name, COUNTS[k]]))));
  file('names.txt', `${NAMES.join('\r\n')}\r\n`);
  file('names.json', JSON.stringify(NAMES));
  file('head.npz', encodeNpz({ weight: { shape: [CLASSES, DIMENSIONS], data: WEIGHT } }));
});

const recalibrate = (val: string, ...rest: string[]) => ['recalibrate', 'model.onnx', '--val', val, ...rest];

describe('standard input', () => {
  it('takes the counts', () => {
    const args = recalibrate('val.npz', '--method', 'additive', '--tau', '1', '--out');
    const piped = runCli([...args, 'piped.onnx', '--counts', '-'], cwd, [], JSON.stringify(COUNTS));
    const named = runCli([...args, 'named.onnx', '--counts', 'counts.json'], cwd);
    expect([piped.code, named.code]).toEqual([0, 0]);
    expect(readFileSync(join(cwd, 'piped.onnx'))).toEqual(readFileSync(join(cwd, 'named.onnx')));
  });

  it('takes the model', () => {
    const { code, stdout } = runCli(['inspect', '-'], cwd, [], longTailModel());
    expect(code).toBe(0);
    expect(stdout).toMatch(/^standard input: .*\n/);
    expect(stdout).toMatch(/6 classes × 6 dimensions/);
  });

  it('is named in messages', () => {
    const args = recalibrate('val.npz', '--out', 'never.onnx', '--counts', '-');
    expect(runCli(args, cwd, [], '[1, 2').stderr).toMatch(/from standard input: it is not valid JSON/);
    expect(runCli(args, cwd, [], '[1, 2]').stderr).toMatch(/standard input.*6 classes/);
  });

  it('is read once only', () => {
    const args = ['recalibrate', '-', '--val', 'val.npz', '--out', 'never.onnx', '--counts', '-'];
    const { code, stderr } = runCli(args, cwd, [], '[]');
    expect(code).toBe(2);
    expect(stderr).toMatch(/once/);
  });
});

describe('class names', () => {
  it.each(['names.txt', 'names.json'])('come from %s', (names) => {
    const args = recalibrate('val.npz', '--counts', 'by-name.json', '--out', `${names}.onnx`);
    const { code, document, stderr } = runJson([...args, '--classes', names], cwd);
    expect(stderr).not.toMatch(/does not say its class names/);
    expect(code).toBe(0);
    expect((document.before as { classNames: string[] }).classNames).toEqual(NAMES);
  });

  it('map data in another order', () => {
    file('turned.npz', features(NAMES.toReversed()));
    const { document } = runJson(['evaluate', 'model.onnx', '--data', 'turned.npz'], cwd);
    const mapped = runJson(
      ['evaluate', 'model.onnx', '--data', 'turned.npz', '--classes', 'names.txt'],
      cwd,
    ).document;
    expect(mapped.classNames).toEqual(NAMES);
    expect(mapped.perClass).not.toEqual(document.perClass);
  });

  it('of the data are used for counts by name where the model has none, and that is said', () => {
    const args = recalibrate('named.npz', '--counts', 'by-name.json', '--out', 'by-name.onnx');
    const { code, stderr } = runCli(args, cwd);
    expect(code).toBe(0);
    expect(stderr).toMatch(/does not say its class names.*ant, bee.*--classes/);
  });

  it.each([
    ['["ant", 2]', /entry 1 is 2/],
    ['[]', /there are none/],
    ['["ant"', /JSON array of names/],
    ['ant\n\nbee', /entry 1 is ""/],
    ['ant\nbee', /2 class names were given, but the head has 6/],
  ])('refuse %j', (content, message) => {
    file('wrong.txt', content);
    const { code, stderr } = runCli(
      ['evaluate', 'model.onnx', '--data', 'val.npz', '--classes', 'wrong.txt'],
      cwd,
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
  });
});

describe('preprocessing flags', () => {
  it('go over what the model says, and leave the rest of it', async () => {
    const metadata = {
      'onnx_tailor.preprocess': JSON.stringify({ mean: [9, 9, 9], std: [1, 1, 1] }),
    };
    file('pictures.onnx', pictureClassifier({ metadata }));
    file('pixels.npz', encodeNpz({ images: { shape: [1, 2, 2, 3], data: new Uint8Array(12).fill(255) } }));
    const feature = (...flags: string[]) => {
      const args = ['extract', 'pictures.onnx', '--data', 'pixels.npz', '--out', 'pixel.npz', '--force'];
      expect(runCli([...args, ...flags], cwd).code).toBe(0);
      return readNpz(join(cwd, 'pixel.npz')).then((arrays) => Number(arrays.get('features')!.data[0]));
    };
    expect(await feature()).toBeCloseTo(1 - 9);
    expect(await feature('--std', '2,2,2')).toBeCloseTo((1 - 9) / 2);
  });
});

describe('outputs', () => {
  it.each([
    [['extract', 'model.onnx', '--data', 'val.npz', '--out', '-'], /file name/],
    [['extract', 'model.onnx', '--data', 'val.npz', '--out', ''], /file name/],
    [['extract', 'model.onnx', '--data', 'val.npz', '--out', 'features'], /\.npz/],
    [
      recalibrate('val.npz', '--out', 'o.onnx', '--method', 'tau-norm', '--convention', 'paper'),
      /convention/,
    ],
  ])('%j is wrong usage', (args, message) => {
    const { code, stderr } = runCli(args, cwd);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });

  it.each([
    [['extract', 'model.onnx', '--data', 'npz:precious.npz?labels=x.npy', '--out', './precious.npz']],
    [['graft', 'model.onnx', '--head', 'precious.npz', '--out', 'precious.npz']],
    [recalibrate('precious.npz', '--counts', 'counts.json', '--out', 'precious.npz')],
    [recalibrate('val.npz', '--counts', 'precious.npz', '--out', 'precious.npz')],
  ])('%j would destroy its input, also with --force', (args) => {
    file('precious.npz', 'precious');
    const { code, document } = runJson([...args, '--force'], cwd);
    expect(code).toBe(1);
    expect(document.error).toEqual({ code: 'FILE_EXISTS', message: expect.stringMatching(/would be lost/) });
    expect(readFileSync(join(cwd, 'precious.npz'), 'utf8')).toBe('precious');
  });

  it('may be the model itself with --force', () => {
    file('own.onnx', longTailModel());
    const args = ['graft', 'own.onnx', '--head', 'head.npz', '--out', 'own.onnx'];
    expect(runCli(args, cwd).code).toBe(1);
    expect(readFileSync(join(cwd, 'own.onnx'))).toEqual(Buffer.from(longTailModel()));
    expect(runCli([...args, '--force'], cwd).code).toBe(0);
    expect(readFileSync(join(cwd, 'own.onnx'))).not.toEqual(Buffer.from(longTailModel()));
  });

  it('through a symbolic link go to the file that it points to', () => {
    file('behind/target.onnx', 'old');
    symlinkSync('behind/target.onnx', join(cwd, 'link.onnx'));
    const args = ['graft', 'model.onnx', '--head', 'head.npz', '--out', 'link.onnx', '--force'];
    expect(runCli(args, cwd).code).toBe(0);
    expect(lstatSync(join(cwd, 'link.onnx')).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(cwd, 'behind/target.onnx')).length).toBeGreaterThan(100);
    expect(readdirSync(join(cwd, 'behind'))).toEqual(['target.onnx']);
  });

  it('are no pipes and no devices', () => {
    spawnSync('mkfifo', ['pipe.npz'], { cwd });
    const { code, stderr } = runCli(
      ['extract', 'model.onnx', '--data', 'val.npz', '--out', 'pipe.npz', '--force'],
      cwd,
    );
    expect(code).toBe(1);
    expect(stderr).toMatch(/pipe or a device/);
    expect(lstatSync(join(cwd, 'pipe.npz')).isFIFO()).toBe(true);
  });

  it('may have spaces and any script in their names', () => {
    file('für später/модель 猫.onnx', longTailModel());
    file(
      'für später/Gewichte (2).npz',
      encodeNpz({ weight: { shape: [CLASSES, DIMENSIONS], data: WEIGHT } }),
    );
    const args = ['graft', 'für später/модель 猫.onnx', '--head', 'für später/Gewichte (2).npz'];
    const { code, document } = runJson([...args, '--out', 'für später/neu 猫.onnx'], cwd);
    expect(code).toBe(0);
    expect(document.out).toBe('für später/neu 猫.onnx');
  });
});

describe('readers that leave', () => {
  const shell = (script: string) => {
    writeFileSync(join(cwd, 'run.sh'), `set -o pipefail\n${script}`);
    return spawnSync('bash', ['run.sh', process.execPath, main], { cwd, encoding: 'utf8' });
  };

  it.each([['true'], ['head -1']])('%s: no stack trace, and the work is done', (reader) => {
    const { status, stderr } = shell(`"$1" "$2" evaluate model.onnx --data val.npz --json | ${reader}`);
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });

  it.runIf(process.platform === 'linux')('a full disk behind standard output is a failure', () => {
    const { status, stderr } = shell('"$1" "$2" inspect model.onnx > /dev/full');
    expect(status).toBe(1);
    expect(stderr).toMatch(/^onnx-tailor: Writing the result to standard output: ENOSPC.*\n$/);
  });
});

describe('help', () => {
  it('lists every command, with examples and exit codes', () => {
    const { stdout } = runCli(['--help'], cwd);
    for (const name of ['inspect', 'extract', 'evaluate', 'recalibrate', 'graft', 'doctor'])
      expect(stdout).toMatch(new RegExp(`^  ${name}  +\\w`, 'm'));
    expect(stdout).toMatch(/Examples:\n {2}onnx-tailor inspect/);
    expect(stdout).toMatch(/Exit codes/);
  });

  it('of a command comes from "help NAME" too', () => {
    const { code, stdout } = runCli(['help', 'recalibrate'], cwd);
    expect(code).toBe(0);
    expect(stdout).toBe(runCli(['recalibrate', '--help'], cwd).stdout);
    expect(stdout).toMatch(/--counts <file>/);
    expect(stdout).toMatch(/Data sources/);
    expect(stdout).toMatch(/Examples:\n {2}onnx-tailor recalibrate/);
  });

  it('does not load onnxruntime, which takes longer than it to print', () => {
    const list =
      'import { Module } from "node:module"; process.on("exit", () => console.error(Object.keys(Module._cache).join()));';
    const loaded = (...args: string[]) =>
      spawnSync(
        process.execPath,
        ['--import', `data:text/javascript,${encodeURIComponent(list)}`, main, ...args],
        {
          encoding: 'utf8',
        },
      ).stderr;
    expect(loaded('--help')).toMatch(/commander/);
    expect(loaded('--help')).not.toMatch(/onnxruntime/);
    expect(loaded('doctor')).toMatch(/onnxruntime/);
  });
});
