import { gzipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { encodeNpy } from '../../src/array/npy.js';
import { encodeNpz } from '../../src/array/npz.js';
import { idxSource } from '../../src/data/idx.js';
import { readLabels } from '../../src/data/read-labels.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { temporaryFolder } from './temporary-folder.js';

const file = temporaryFolder();
const labels = { shape: [3], data: Uint8Array.of(2, 0, 1) };
const idx = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 3, 2, 0, 1);

describe('readLabels', () => {
  it.each([
    ['npy', encodeNpy(labels)],
    ['npz', encodeNpz({ labels })],
    ['json', new TextEncoder().encode('[2, 0, 1]')],
    ['idx1-ubyte', idx],
    ['idx1-ubyte.gz', gzipSync(idx)],
  ])('reads .%s by path and by bytes', async (ending, bytes) => {
    const path = file(`labels.${ending}`, bytes);
    expect(await readLabels(path)).toEqual(Int32Array.of(2, 0, 1));
    expect(await readLabels(bytes)).toEqual(Int32Array.of(2, 0, 1));
  });

  it('refuses other bytes by the name that they are given', async () => {
    const text = new TextEncoder().encode('cat, dog');
    await expectRefusal(
      () => readLabels(text, 'labels.csv'),
      'FORMAT_INVALID',
      /labels\.csv: it is not valid JSON/,
    );
    await expectRefusal(() => readLabels(new Uint8Array(0)), 'FORMAT_INVALID', /the given bytes/);
    const object = new TextEncoder().encode('{"cat": 1}');
    await expectRefusal(() => readLabels(object), 'LABELS_INVALID', /array of whole numbers/);
  });
});

it('an IDX source takes bytes, and looks for no labels beside them', async () => {
  const images = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6);
  const source = await idxSource({ images, labels: idx, name: 'dropped' });
  expect([source.name, source.length, source.labels]).toEqual(['dropped', 3, Int32Array.of(2, 0, 1)]);
  expect(await source.read(1)).toMatchObject({ picture: { width: 2, height: 1, data: Uint8Array.of(3, 4) } });
  expect((await idxSource({ images })).labels).toBeUndefined();
});
