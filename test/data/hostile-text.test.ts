/** Tables, JSON and binary files that are made to harm: refused in words, or read as what they say. */
import { describe, expect, it } from 'vitest';
import { cifarSource } from '../../src/data/cifar.js';
import { idxSource } from '../../src/data/idx.js';
import { parsePreprocess } from '../../src/data/preprocess.js';
import { readCounts, readPrior } from '../../src/data/read-counts.js';
import { readLabels } from '../../src/data/read-labels.js';
import { tableSource } from '../../src/data/table-source.js';
import { readFacts } from '../../src/features/model-metadata.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { temporaryFolder } from './temporary-folder.js';

const file = temporaryFolder();
const text = (of: string) => new TextEncoder().encode(of);
const csv = (of: string) => tableSource(text(of), { name: 'x.csv' });
const arff = (rows: string) =>
  tableSource(text(`@attribute a numeric\n@attribute c {x,y}\n@data\n${rows}\n`), { name: 'x.arff' });

describe('a table', () => {
  it('may have names that objects have', async () => {
    const source = await csv('__proto__,constructor,class\n1,__proto__,__proto__\n2,toString,constructor\n');
    expect(source.columns).toEqual(['__proto__', 'constructor=__proto__', 'constructor=toString']);
    expect(source.classes).toEqual(['__proto__', 'constructor']);
    expect(Array.from(source.labels!)).toEqual([0, 1]);
    const columns = ['constructor=toString', '__proto__'];
    const fitted = await tableSource(text('constructor,__proto__,class\ntoString,5,a\n'), {
      name: 'x.csv',
      columns,
    });
    const sample = await fitted.read(0);
    expect(sample.kind === 'tensor' && Array.from(sample.inputs[''].data as Float32Array)).toEqual([1, 5]);
    expect(({} as Record<string, unknown>).toString).toBe(Object.prototype.toString);
  });

  it('has numbers that are none, widths that differ and marks at its start', async () => {
    await expectRefusal(() => csv('a,b\n1e999,x\n2,y\n'), 'NOT_FINITE', /"1e999", which float32 cannot hold/);
    // Words, as they are in Python's csv: one input for each.
    expect((await csv('a,b\nInfinity,x\n2,y\n')).columns).toEqual(['a=2', 'a=Infinity']);
    await expectRefusal(() => csv('a,b\n1,x\nnan,y\n'), 'NOT_FINITE', /row 2 has "nan"/);
    await expectRefusal(() => csv('a,b\n1,x,3\n'), 'FORMAT_INVALID', /row 1 has 3 values for 2 columns/);
    await expectRefusal(() => csv('a,b\n1\n'), 'FORMAT_INVALID', /row 1 has 1 values for 2 columns/);
    expect((await csv('\ufeffa,b\n1,x\n2,y\n')).columns).toEqual(['a']);
    expect((await csv('a,b\n1\0,x\n2,y\n')).columns).toEqual(['a=1\0', 'a=2']);
    await expectRefusal(
      () => tableSource(Uint8Array.of(0x61, 0xff, 0x0a), { name: 'x.csv' }),
      'FORMAT_INVALID',
      /UTF-8/,
    );
  });

  it.each<[string, () => Promise<unknown>, RegExp]>([
    ['csv: one that never ends', () => csv(`a,b\n1,"${'x,y\n'.repeat(5e6)}`), /row 1 has a quoted value/],
    ['csv: one that goes on', () => csv(`a,b\n1,"${'a"b'.repeat(1e6)}`), /row 1 has a quoted value/],
    ['arff: doubled ones', () => arff(`1,'${"''".repeat(5e6)}`), /line 4 has a quoted value/],
    ['arff: escaped ones', () => arff(`1,"${'\\"'.repeat(5e6)}`), /line 4 has a quoted value/],
    ['arff: one behind its end', () => arff(`'1'${' '.repeat(1e6)}x,y`), /line 4 has a quoted value/],
    ['arff: a bare one', () => arff("1,'"), /line 4 has a quoted value/],
    [
      'arff: of a name',
      () => tableSource(text(`@attribute '${"''".repeat(5e6)}`), { name: 'x.arff' }),
      /line 1 names no/,
    ],
  ])('has quotes of megabytes, %s', async (_, read, message) => {
    await expectRefusal(read, 'FORMAT_INVALID', message);
  });

  it('has quoted values of megabytes that end', async () => {
    const long = "it''s\\'".repeat(1e6);
    await expectRefusal(() => arff(`1,'${long}'`), 'LIMIT_EXCEEDED', /has 5000000 characters.*name-length/);
    const source = await arff(` '1' ,\t"x" \n'\\2', 'y\\''`);
    expect([source.columns, source.classes]).toEqual([['a'], ['x', "y'"]]);
    expect((await arff('"1",x\n2 , y \n')).classes).toEqual(['x', 'y']);
  });

  it('has 10⁶ columns, or a line without end', async () => {
    const names = Array.from({ length: 1e6 }, (_, i) => `c${i}`).join();
    await expectRefusal(() => csv(`${names}\n`), 'LIMIT_EXCEEDED', /1000000 columns; at most 100000/);
    await expectRefusal(() => csv(`a,b\n1,${'x'.repeat(1e7)}\n`), 'LIMIT_EXCEEDED', /10000000 characters/);
    await expectRefusal(() => csv(','.repeat(1e6)), 'LIMIT_EXCEEDED', /columns/);
  });
});

describe('JSON', () => {
  const counts = (json: string, classes?: string[]) =>
    readCounts(text(json), { classCount: 2, classes, name: 'x.json' });

  it('may name classes as objects name what they have', async () => {
    expect(await counts('{"constructor": 2, "__proto__": 1}', ['__proto__', 'constructor'])).toEqual([1, 2]);
    await expectRefusal(
      () => counts('{"a": 1}', ['a', 'constructor']),
      'COUNTS_INVALID',
      /Missing: constructor/,
    );
    await expectRefusal(() => counts('{"a": 1}', ['a', '__proto__']), 'COUNTS_INVALID', /Missing: __proto__/);
    await expectRefusal(
      () => counts('{"a": 1, "b": 2, "__proto__": {"x": 1}}', ['a', 'b']),
      'COUNTS_INVALID',
      /Unknown: __proto__/,
    );
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });

  it('that has a name twice is refused: other programs take the other one', async () => {
    for (const json of ['{"a":1,"a":2,"b":3}', '{"a":1,"\\u0061":2,"b":3}']) {
      await expectRefusal(
        () => counts(json, ['a', 'b']),
        'FORMAT_INVALID',
        /x\.json: an object has the name "a" twice/,
      );
      const prior = { classCount: 2, classes: ['a', 'b'], name: 'p' };
      await expectRefusal(() => readPrior(text(json), prior), 'FORMAT_INVALID', /the name "a" twice/);
    }
  });

  it('has numbers that are none', async () => {
    for (const json of ['[1, 1e999]', '[1, -1]', '[1, null]', '[1, "2"]', '[1, [2]]', '[1, 0]', '[1, -0]']) {
      await expectRefusal(() => counts(json), 'COUNTS_INVALID', /count of class 1 is/);
    }
    for (const json of ['[1, NaN]', '[1, Infinity]', '[1, 0x10]', '[1, 2', '', 'null,', '[1,2]]']) {
      await expectRefusal(() => counts(json), 'FORMAT_INVALID', /x\.json: it is not valid JSON/);
    }
    expect(await counts('\ufeff[1, 2]')).toEqual([1, 2]);
  });

  it.each(['[', '{"a":', '[{"a":'])('nested a million deep is refused by its depth: %s', async (open) => {
    const deep = open.repeat(1e6);
    await expectRefusal(
      () => counts(deep),
      'LIMIT_EXCEEDED',
      /x\.json: its JSON is nested deeper; at most 100 levels/,
    );
    await expectRefusal(() => readLabels(text(deep), 'y.json'), 'LIMIT_EXCEEDED', /json-depth/);
    const keys = ['classes', 'counts', 'preprocess', 'columns'].map((key) => `onnx_tailor.${key}`);
    const { problems } = readFacts(new Map(keys.map((key) => [key, deep])), { classes: 2 }, {});
    expect(problems.filter((problem) => problem.includes('nested deeper'))).toHaveLength(keys.length);
  });

  it('of a preprocessing has keys that objects have, and numbers that are none', async () => {
    for (const key of ['__proto__', 'constructor', 'toString']) {
      const json: unknown = JSON.parse(`{"size": [2, 2], "${key}": 1}`);
      await expectRefusal(() => parsePreprocess(json, 'p'), 'INVALID_ARGUMENT', /is not known/);
    }
    const json: unknown = JSON.parse('{"size": [2, 2], "scale": 1e999}');
    await expectRefusal(() => parsePreprocess(json, 'p'), 'INVALID_ARGUMENT', /scale is/);
  });
});

describe('binary files', () => {
  const idx = (shape: readonly number[], bytes: number) => {
    const content = new Uint8Array(4 + 4 * shape.length + bytes);
    content.set([0, 0, 8, shape.length]);
    const view = new DataView(content.buffer);
    for (const [axis, size] of shape.entries()) view.setUint32(4 + 4 * axis, size);
    return content;
  };

  it.each<[string, Uint8Array]>([
    ['more than there is', idx([3, 2, 2], 8)],
    ['2⁹⁶ bytes', idx([0xffffffff, 0xffffffff, 0xffffffff], 8)],
    ['less than there is', idx([1, 2, 2], 8)],
    ['pictures of nothing', idx([0xffffffff, 0, 5], 0)],
    ['no axes', idx([], 8)],
    ['255 axes', idx(new Array(255).fill(1), 1)],
  ])('of IDX whose header promises %s', async (_, images) => {
    await expectRefusal(() => idxSource({ images, name: 'x' }), 'FORMAT_INVALID', /^Reading x: /);
  });

  it('of CIFAR that are no whole records, or label what there is not', async () => {
    const short = file('data_batch_1.bin', new Uint8Array(3072));
    await expectRefusal(() => cifarSource(short), 'FORMAT_INVALID', /no whole number of records/);
    const wrong = file('test_batch.bin', new Uint8Array(3073).fill(255));
    await expectRefusal(() => cifarSource(wrong), 'LABELS_INVALID', /label 255/);
  });
});
