/** `diagnose`, and the reports of `recalibrate`, as child processes: documents, files, and what is refused before the work. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { encodeNpz } from '../../src/array/npz.js';
import type { Diagnostics } from '../../src/diagnostics/diagnostics.js';
import { temporaryFolder } from '../data/temporary-folder.js';
import {
  CLASSES,
  COUNTS,
  DIMENSIONS,
  longTailFile,
  longTailModel,
} from '../recalibrate/long-tail-problem.js';
import { runCli, runJson } from './run-cli.js';

const file = temporaryFolder();
const TRAIN = [600, 240, 100, 40, 16, 8];
let cwd = '';

beforeAll(() => {
  cwd = dirname(
    file('model.onnx', longTailModel({ metadata: { 'onnx_tailor.counts': JSON.stringify(COUNTS) } })),
  );
  file('train.npz', longTailFile('features', TRAIN, 5));
  file('part-1.npz', longTailFile('features', TRAIN, 6));
  file('part-2.npz', longTailFile('features', 30, 7));
  file('test.npz', longTailFile('features', 100, 2));
  file('val.npz', longTailFile('features', 40, 1));
});

const text = (name: string) => readFileSync(join(cwd, name), 'utf8');
const diagnosed = (...args: string[]) => {
  const { code, document } = runJson(['diagnose', ...args], cwd);
  expect(code).toBe(0);
  return document as unknown as Diagnostics & { written: string[]; test?: Diagnostics };
};

describe('diagnose', () => {
  it('prints the document of DESIGN.md', () => {
    const document = diagnosed('train.npz', '--model', 'model.onnx');
    expect(document).toMatchObject({
      samples: TRAIN.reduce((a, b) => a + b),
      classes: CLASSES,
      dimensions: DIMENSIONS,
      counts: TRAIN,
      imbalanceFactor: expect.any(Number),
      fdr: { value: expect.any(Number), center: 'samples', rank: expect.any(Number), dropped: [] },
      cosine: { sameClass: expect.any(Number), differentClass: expect.any(Number) },
      collapse: {
        nc1: expect.any(Number),
        nc2: { equinorm: expect.any(Number), equiangularity: expect.any(Number) },
        nc3: expect.any(Number),
        nc4: expect.any(Number),
      },
      theorem1: expect.any(Object),
      theorem2: expect.any(Object),
      written: [],
    });
    expect(document.trainCounts).toEqual(COUNTS);
    expect(document.cosine.matrix).toHaveLength(CLASSES);
    expect(document.classMeanNorms).toHaveLength(CLASSES);
    expect(document.weightNorms).toHaveLength(CLASSES);
    expect(document.advice.length).toBeGreaterThan(0);
  });

  it('says the same of parts whose statistics were saved and merged, but for what needs the features', () => {
    const whole = diagnosed('part-1.npz', 'part-2.npz', '--model', 'model.onnx', '--center', 'classes');
    for (const part of ['part-1', 'part-2']) {
      const { written } = diagnosed(
        `${part}.npz`,
        '--model',
        'model.onnx',
        '--save-statistics',
        `${part}.s.npz`,
      );
      expect(written).toEqual([`${part}.s.npz`]);
    }
    const merged = diagnosed(
      ...['--from-statistics', 'part-1.s.npz', 'part-2.s.npz'],
      ...['--model', 'model.onnx', '--center', 'classes'],
    );
    expect(merged.counts).toEqual(whole.counts);
    expect(merged.fdr.value! / whole.fdr.value!).toBeCloseTo(1, 9);
    expect(merged.cosine.differentClass).toBeCloseTo(whole.cosine.differentClass!, 10);
    expect(merged.collapse.nc1! / whole.collapse.nc1!).toBeCloseTo(1, 9);
    expect(merged.accuracy).toEqual(whole.accuracy);
    expect(whole.collapse.nc4).not.toBeNull();
    expect(merged.collapse.nc4).toBeNull();
    expect(merged.missing.map(({ figure }) => figure)).toContain('collapse.nc4');
  });

  it('does without a head, and says what is missing for it', () => {
    const { code, stdout, stderr } = runCli(['diagnose', 'train.npz'], cwd);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^Diagnosing: (\d+)\/\1 samples of all passes, .*done$/m);
    expect(stdout).toContain("Fisher's discriminant ratio");
    expect(stdout).toMatch(/Not computed: .*theorem1.*\(no head was given\)/);
  });

  it('writes a page, Markdown and plots of two sets side by side', () => {
    const document = diagnosed(
      ...[
        'train.npz',
        '--test',
        'test.npz',
        '--model',
        'model.onnx',
        '--random-layers',
        '2',
        '--intervals',
        '20',
      ],
      ...['--report', 'report.html', '--markdown', 'report.md', '--svg', 'plots'],
    );
    expect(document.test?.samples).toBe(100 * CLASSES);
    // Groups and correlations of the second set are those of the training counts.
    expect(document.test?.trainCounts).toEqual(COUNTS);
    expect(document.randomLayers?.steps).toHaveLength(3);
    expect(document.intervals?.['fdr.value']).toHaveLength(2);
    const page = text('report.html');
    expect(page).toMatch(/^<!DOCTYPE html>/);
    expect(page).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org)/);
    expect(text('report.md')).toMatch(/^#+ Diagnosis of model\\?\.onnx/);
    const plots = readdirSync(join(cwd, 'plots'));
    expect(plots).toEqual(
      expect.arrayContaining(['accuracy.svg', 'cosine-1.svg', 'cosine-2.svg', 'collapse.svg']),
    );
    expect(document.written).toHaveLength(2 + plots.length);
    for (const plot of plots) expect(text(join('plots', plot))).toMatch(/^(<\?xml[^>]*>\s*)?<svg /);
  });

  it('writes the same bytes again', () => {
    const again = (name: string) => {
      diagnosed('train.npz', '--model', 'model.onnx', '--report', name, '--save-statistics', `${name}.npz`);
      return [text(name), readFileSync(join(cwd, `${name}.npz`)).toString('base64')];
    };
    expect(again('a.html')).toEqual(again('b.html'));
  });

  it.each([
    ['features or statistics are needed', []],
    ['either feature files or --from-statistics', ['train.npz', '--from-statistics', 'part-1.s.npz']],
    ['either --model or --head', ['train.npz', '--model', 'model.onnx', '--head', 'h.npz']],
    ['--layers needs the --model', ['train.npz', '--layers', 'pictures']],
    ['--random-layers needs one feature file', ['train.npz', 'test.npz', '--random-layers', '1']],
    ['at most 20 is needed', ['train.npz', '--random-layers', '21']],
    ['A number above 0 is needed', ['train.npz', '--weight-decay', '-1']],
    ['must end in .npz', ['train.npz', '--save-statistics', 'statistics']],
  ])('is wrongly used: %s', (message, args) => {
    const { code, stderr } = runCli(['diagnose', ...args], cwd);
    expect(code).toBe(2);
    expect(stderr).toContain(message.replace('features or statistics', 'feature files'));
  });

  it('refuses before the work what it could not write, and leaves nothing', () => {
    file('taken.html', 'mine');
    const { code, stderr } = runCli(
      ['diagnose', 'train.npz', '--report', 'taken.html', '--markdown', 'fresh.md'],
      cwd,
    );
    expect(code).toBe(1);
    expect(stderr).toContain('it exists already');
    expect(text('taken.html')).toBe('mine');
    expect(existsSync(join(cwd, 'fresh.md'))).toBe(false);
    const same = runCli(['diagnose', 'train.npz', '--report', 'x.md', '--markdown', 'x.md'], cwd);
    expect(same.stderr).toContain('both the page and the Markdown');
    const lost = runCli(['diagnose', 'train.npz', '--save-statistics', 'train.npz', '--force'], cwd);
    expect(lost.stderr).toContain('would be lost');
    const folder = runCli(['diagnose', 'train.npz', '--svg', 'taken.html'], cwd);
    expect(folder.stderr).toContain('that is no folder');
  });

  describe('two sets without a model', () => {
    const NAMES = ['a', 'b', 'c'];
    const sample = (name: string, classes: string[], { dimensions = 2, labels = [0, 0, 1, 1, 2, 2] } = {}) =>
      file(
        name,
        encodeNpz({
          features: {
            shape: [labels.length, dimensions],
            data: Float32Array.from({ length: labels.length * dimensions }, (_, i) => 1 + ((i * 7) % 5)),
          },
          labels: { shape: [labels.length], data: Int32Array.from(labels) },
          ...(classes.length > 0 && { classes: { strings: classes } }),
        }),
      );

    it('are brought into one class order by name', () => {
      sample('abc.npz', NAMES);
      sample('cba.npz', NAMES.toReversed());
      const { classMeanNorms, test } = diagnosed('abc.npz', '--test', 'cba.npz');
      expect(test!.classNames).toEqual(NAMES);
      expect(test!.classMeanNorms).toEqual(classMeanNorms.toReversed());
    });

    it('may lack the last class in the second', () => {
      sample('unnamed.npz', []);
      sample('short.npz', [], { labels: [0, 1, 1] });
      expect(diagnosed('unnamed.npz', '--test', 'short.npz').test!.counts).toEqual([1, 2, 0]);
    });

    it.each([
      ['of other classes', 'abd.npz', ['a', 'b', 'd'], {}, 'LABELS_INVALID', /does not know \(d\)/],
      ['of other dimensions', 'three.npz', NAMES, { dimensions: 3 }, 'SHAPE_MISMATCH', /3 and 2 dimensions/],
    ])('are refused when the second is %s', (_, name, classes, content, code, message) => {
      sample('abc.npz', NAMES);
      sample(name, classes, content);
      const result = runJson(['diagnose', 'abc.npz', '--test', name], cwd);
      expect(result.code).toBe(1);
      expect(result.document.error).toMatchObject({ code, message: expect.stringMatching(message) });
    });

    it('are not merged as statistics when their class names differ', () => {
      sample('abc.npz', NAMES);
      sample('cba.npz', NAMES.toReversed());
      diagnosed('abc.npz', '--save-statistics', 'abc.s.npz');
      diagnosed('cba.npz', '--save-statistics', 'cba.s.npz');
      const { code, document } = runJson(['diagnose', '--from-statistics', 'abc.s.npz', 'cba.s.npz'], cwd);
      expect(code).toBe(1);
      expect(document.error).toMatchObject({
        code: 'LABELS_INVALID',
        message: expect.stringContaining('different class names'),
      });
      const again = runCli(['diagnose', '--from-statistics', 'abc.s.npz'], cwd);
      expect(again.stderr).not.toContain('0/0');
    });
  });

  it('says what is wrong with statistics that are none, and with a head that does not fit', () => {
    const none = runJson(['diagnose', '--from-statistics', 'train.npz'], cwd);
    expect(none.code).toBe(1);
    expect(none.document.error).toMatchObject({ code: 'FORMAT_INVALID' });
    file(
      'wide.npz',
      encodeNpz({
        features: { shape: [2, 9], data: new Float32Array(18) },
        labels: { shape: [2], data: Int32Array.of(0, 1) },
      }),
    );
    const wide = runJson(['diagnose', 'wide.npz', '--model', 'model.onnx'], cwd);
    expect(wide.document.error).toMatchObject({ code: 'SHAPE_MISMATCH' });
  });
});

describe('recalibrate --report', () => {
  it('shows before and after, on validation and on test', () => {
    const { code, document } = runJson(
      [
        ...['recalibrate', 'model.onnx', '--val', 'val.npz', '--test', 'test.npz', '--train', 'train.npz'],
        ...['--method', 'multiplicative', '--out', 'balanced.onnx'],
        ...['--report', 'balanced.html', '--markdown', 'balanced.md'],
      ],
      cwd,
    );
    expect(code).toBe(0);
    expect(document.written).toEqual(['balanced.html', 'balanced.md']);
    expect(document.confusion).toMatchObject({
      before: { rows: expect.any(Array) },
      after: expect.any(Object),
    });
    const page = text('balanced.html');
    expect(page).toContain('Recalibration of model.onnx');
    expect(page).toMatch(/before/i);
    expect(page).toContain('multiplicative');
    expect(page).toContain('Proof:');
    const markdown = text('balanced.md');
    expect(markdown).toContain('optimistic');
    // What the training set and validation say together is not said of test, and what was done is not advised again.
    expect(markdown).not.toMatch(/the test set|Recalibrate the head/);
  });
});
