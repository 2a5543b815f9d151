/** Models of tables: their columns are found by the names in their metadata. */
import { describe, expect, it } from 'vitest';
import { openSource } from '../../src/data/open-source.js';
import { openModel } from '../../src/features/model.js';
import { openFeatures } from '../../src/features/open-features.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { temporaryFolder } from '../data/temporary-folder.js';
import { vectorClassifier } from './small-classifiers.js';

const file = temporaryFolder();
const COLUMNS = ['size', 'colour=red'];
const opened = (columns: unknown) =>
  openModel(
    vectorClassifier({
      metadata: {
        'onnx_tailor.columns': JSON.stringify(columns),
        'onnx_tailor.classes': '["9","10","b"]',
      },
    }),
  );

describe('a model of tables', () => {
  it('is fed by the names of its columns, and its classes are found by name', async () => {
    const model = await opened(COLUMNS);
    expect(model.columns).toEqual(COLUMNS);
    expect((await model.describe()).columns).toEqual(COLUMNS);
    const table = file('rows.tsv', 'class\tid\tcolour\tsize\n10\tx\tred\t3\n9\ty\tred\t4\n');
    const set = await openFeatures(table, model);
    expect([...set.features.data]).toEqual([6, 2, 8, 2]);
    expect([set.labels, set.classes]).toEqual([Int32Array.of(1, 0), ['9', '10', 'b']]);
    // What the model is not asked about is read as python-export reads it.
    expect(await openSource(table)).toMatchObject({ columns: ['id=x', 'id=y', 'colour=red', 'size'] });
  });

  it('runs on rows without a class', async () => {
    const model = await opened(COLUMNS);
    const set = await model.extract(openSource(file('bare.csv', 'size,colour\n1,red\n'), model));
    expect([set.labels, [...set.features.data]]).toEqual([undefined, [2, 2]]);
  });

  it('names what is missing or unknown', async () => {
    const model = await opened(COLUMNS);
    await expectRefusal(
      () => openFeatures(file('other.csv', 'weight,colour,class\n1,red,9\n'), model),
      'SHAPE_MISMATCH',
      /1 of the model's 2 inputs have no column: size\. The table has weight, colour/,
    );
    await expectRefusal(
      () => openFeatures(file('blue.csv', 'size,colour,class\n1,blue,9\n'), model),
      'SHAPE_MISMATCH',
      /"blue" in the column "colour", of which the model knows "red"/,
    );
    await expectRefusal(
      () => openFeatures(file('classes.csv', 'size,colour,class\n1,red,8\n'), model),
      'LABELS_INVALID',
      /1 class that the model does not know \(8\)/,
    );
  });

  it('says why its columns cannot be used', async () => {
    for (const columns of [[1, 2], 'size', { size: 0 }]) {
      const { columns: found, problems } = await opened(columns);
      expect(found).toBeUndefined();
      expect(problems).toEqual([
        expect.stringMatching(/onnx_tailor\.columns: a JSON array of names is needed/),
      ]);
    }
  });
});
