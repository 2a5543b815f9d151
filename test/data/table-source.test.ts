import { readFileSync } from 'node:fs';
import { gzipSync, strToU8 } from 'fflate';
import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/array/errors.js';
import { openSource } from '../../src/data/open-source.js';
import { type TableSource, tableSource } from '../../src/data/table-source.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { temporaryFolder } from './temporary-folder.js';

const file = temporaryFolder();

interface Golden {
  about: string;
  file: string;
  text: string;
  target?: string;
  code?: ErrorCode;
  columns?: string[];
  classes?: string[];
  labels?: number[];
  rows?: number[][];
}
const golden: Golden[] = JSON.parse(readFileSync(new URL('../fixtures/table.json', import.meta.url), 'utf8'));

async function rowsOf(source: TableSource): Promise<Float32Array[]> {
  const rows: Float32Array[] = [];
  for (let index = 0; index < source.length; index++) {
    const sample = await source.read(index);
    if (sample.kind !== 'tensor') throw new Error('a tensor was expected');
    expect(sample.inputs[''].dims).toEqual([source.columns.length]);
    rows.push(sample.inputs[''].data as Float32Array);
  }
  return rows;
}

const csv = (text: string) => tableSource(strToU8(text), { format: 'csv' });

describe('tableSource', () => {
  it.each(golden)('reads what python-export reads: $about', async ({ about: _, ...one }) => {
    const bytes = strToU8(one.text);
    const path = file(one.file, one.file.toLowerCase().endsWith('.gz') ? gzipSync(bytes) : bytes);
    if (one.code) {
      await expectRefusal(
        () => tableSource(path, { target: one.target }),
        one.code,
        /^Reading the table .*\.$/s,
      );
      return;
    }
    const source = await tableSource(path, { target: one.target });
    expect(source.columns).toEqual(one.columns);
    expect(source.classes).toEqual(one.classes);
    expect([...(source.labels ?? [])]).toEqual(one.labels);
    expect((await rowsOf(source)).map((row) => [...row])).toEqual(one.rows);
    expect(source.length).toBe(one.rows?.length);
  });

  it('is opened by its ending or by name, and drawn from by class', async () => {
    const lines = Array.from({ length: 60 }, (_, i) => `${i}\t${'xyz'[i % 3]}\t${i % 2}`);
    const path = file('parts.tsv', ['n\tclass\tm', ...lines].join('\n'));
    const whole = await openSource(`${path}?target=m`);
    expect([whole.length, whole.classes]).toEqual([60, ['0', '1']]);
    const parts = ['train', 'validation', 'test'].map((part) =>
      openSource(`table:${path}?longtail=4&validation=3&test=5&part=${part}&seed=7`),
    );
    const [train, validation, test] = await Promise.all(parts);
    expect([train.length, validation.length, test.length]).toEqual([12 + 6 + 3, 9, 15]);
    expect(train.classes).toEqual(['x', 'y', 'z']);
    const sample = await test.read(0);
    const [first] = sample.kind === 'tensor' ? sample.inputs[''].data : [];
    expect(test.sampleName?.(0)).toBe(`row ${Number(first) + 1}`);
    await expectRefusal(
      () => openSource(`table:${path}?labels=a.npy`),
      'INVALID_ARGUMENT',
      /labels does not go with table/,
    );
    await expectRefusal(
      () => openSource(`npz:${path}?target=m`),
      'INVALID_ARGUMENT',
      /target does not go with npz/,
    );
  });

  it('refuses more text than a string holds', async () => {
    const bytes = new Uint8Array(2 ** 29);
    await expectRefusal(() => tableSource(bytes, { format: 'csv' }), 'LIMIT_EXCEEDED', /536870912 bytes/);
  });

  it('knows gzip by its first bytes, not by the name', async () => {
    const text = strToU8('a,class\n1,x\n2,y\n');
    for (const path of [file('packed.csv', gzipSync(text)), file('plain.csv.gz', text)]) {
      expect((await tableSource(path)).labels).toEqual(Int32Array.of(0, 1));
    }
  });

  it('takes bytes, with a format or a name', async () => {
    const bytes = strToU8('a\tclass\n1\tx\n');
    expect((await tableSource(bytes, { format: 'tsv' })).columns).toEqual(['a']);
    const named = await tableSource(bytes, { name: 'dropped.tsv' });
    expect([named.name, named.columns]).toEqual(['dropped.tsv', ['a']]);
    await expectRefusal(
      () => tableSource(strToU8('a,class\n1,x\n')),
      'FORMAT_UNSUPPORTED',
      /the given bytes: its format cannot be told/,
    );
  });

  it('says what is wrong and where', async () => {
    const refused: [string, ErrorCode, RegExp][] = [
      ['a,class\n1,x\n2\n', 'FORMAT_INVALID', /row 2 has 1 values for 2 columns/],
      ['a,class\n1,x\n"2,y\n', 'FORMAT_INVALID', /row 2 has a quoted value that does not end/],
      ['"a,class\n', 'FORMAT_INVALID', /the line of names has a quoted value/],
      [
        'a,class\n1,x\n?,y\nNA,y\n',
        'NOT_FINITE',
        /"a" needs a number in every row, but 2 have none; row 2 has "\?", which is no number/,
      ],
      ['a,class\n1,x\n1e39,y\n', 'NOT_FINITE', /1 has none; row 2 has "1e39", which float32 cannot hold/],
      [
        'a,class\n1,x\n2,NaN\n',
        'LABELS_INVALID',
        /row 2 has no class: its value in the column "class" is "NaN"/,
      ],
      ['a,a\n1,x\n', 'FORMAT_INVALID', /two columns are named "a"/],
      ['class\nx\n', 'FORMAT_INVALID', /it has one column only/],
    ];
    for (const [text, code, message] of refused) await expectRefusal(() => csv(text), code, message);
    const path = file('x.arff', '@attribute a real\n@data\n% x\n\n"1\n');
    await expectRefusal(() => tableSource(path), 'FORMAT_INVALID', /x\.arff: line 5 has a quoted value/);
    await expectRefusal(() => tableSource(file('none.csv')), 'FILE_NOT_FOUND', /none\.csv/);
    await expectRefusal(
      () => tableSource(Uint8Array.of(0x61, 0xff), { format: 'csv' }),
      'FORMAT_INVALID',
      /no text in UTF-8/,
    );
    const packed = gzipSync(strToU8('a,class\n1,x\n'));
    packed[packed.length - 8] ^= 1;
    await expectRefusal(() => tableSource(file('damaged.csv.gz', packed)), 'FORMAT_INVALID', /checksum/);
  });

  it('refuses a column of names before it takes the memory', async () => {
    const lines = Array.from({ length: 20_001 }, (_, i) => `name ${i},${i % 2}`);
    await expectRefusal(
      () => csv(['id,class', ...lines].join('\n')),
      'LIMIT_EXCEEDED',
      /column "id" is not numeric and has 20001 different values; at most 20000 inputs/,
    );
  });

  it('stands wide tables', async () => {
    const width = 10_000;
    const names = Array.from({ length: width }, (_, i) => `f${i}`);
    const source = await csv([[...names, 'class'], new Array(width + 1).fill('1')].join('\n'));
    expect(source.columns.length).toBe(width);
    const matched = await tableSource(
      strToU8([[...names.toReversed(), 'class'], new Array(width + 1).fill('1')].join('\n')),
      {
        format: 'csv',
        columns: names,
      },
    );
    expect((await rowsOf(matched))[0].every((number) => number === 1)).toBe(true);
  });
});

describe('tableSource for a model', () => {
  const columns = ['size', 'colour=blue', 'colour=light=red', 'n'];
  const read = async (text: string, target?: string) => {
    const source = await tableSource(strToU8(text), { format: 'csv', columns, target });
    expect(source.columns).toEqual(columns);
    return {
      rows: (await rowsOf(source)).map((row) => [...row]),
      labels: source.labels,
      classes: source.classes,
    };
  };

  it('finds columns by name', async () => {
    const { rows, labels, classes } = await read(
      'colour,id,n,class,size\nlight=red,q,1,y,2\nlight=red,r,3,x,4\n',
    );
    expect(rows).toEqual([
      [2, 0, 1, 1],
      [4, 0, 1, 3],
    ]);
    expect([labels, classes]).toEqual([Int32Array.of(1, 0), ['x', 'y']]);
  });

  it('takes no column of the model for the class', async () => {
    const bare = await read('size,colour,n\n1,blue,3\n');
    expect(bare).toEqual({ rows: [[1, 1, 0, 3]], labels: undefined, classes: undefined });
    const named = await tableSource(strToU8('class,kind\n1,a\n2,b\n'), { format: 'csv', columns: ['class'] });
    expect(named.classes).toEqual(['a', 'b']);
    const explicit = await tableSource(strToU8('class,kind\n1,a\n2,b\n'), {
      format: 'csv',
      columns: ['kind=a', 'kind=b'],
      target: 'class',
    });
    expect(explicit.classes).toEqual(['1', '2']);
  });

  it('knows a column that is named as a value of another', async () => {
    const source = await tableSource(strToU8('a,a=b,c,class\nx,1,x,0\n'), {
      format: 'csv',
      columns: ['a=b', 'a=x'],
    });
    expect(await rowsOf(source)).toEqual([Float32Array.of(1, 1)]);
    await expectRefusal(
      () => tableSource(strToU8('a,a=b,class\nb=c,c,0\n'), { format: 'csv', columns: ['a=b=c'] }),
      'INVALID_ARGUMENT',
      /"a=b=c" may be of the columns a, a=b/,
    );
  });

  it('refuses what does not fit', async () => {
    const refused: [string, ErrorCode, RegExp][] = [
      [
        'size,class\n1,x\n',
        'SHAPE_MISMATCH',
        /3 of the model's 4 inputs have no column: colour=blue, colour=light=red, n\. The table has size/,
      ],
      [
        'size,colour,n,class\n1,blue,2,x\n1,red,2,x\n',
        'SHAPE_MISMATCH',
        /row 2 has "red" in the column "colour", of which the model knows "blue", "light=red"/,
      ],
      ['size,colour,n,class\n1,,2,x\n', 'SHAPE_MISMATCH', /row 1 has "" in the column "colour"/],
      [
        'size,colour,n,class\n1,blue,2,x\nL,blue,2,x\n',
        'NOT_FINITE',
        /column "size".* row 2 has "L", which is no number/,
      ],
    ];
    for (const [text, code, message] of refused) await expectRefusal(() => read(text), code, message);
    await expectRefusal(
      () => tableSource(strToU8('a,class\n1,x\n'), { format: 'csv', columns: ['a', 'a'] }),
      'INVALID_ARGUMENT',
      /two inputs named "a"/,
    );
  });
});
