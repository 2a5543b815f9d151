import { expect, it } from 'vitest';
import { matrix } from '../../src/array/matrix.js';
import { createRandom } from '../../src/array/random.js';
import { sharedSamples } from '../../src/recalibrate/shared-samples.js';

const random = createRandom(5);
const rows = (count: number) =>
  Array.from({ length: count }, () => Array.from({ length: 7 }, () => Math.max(0, random() - 0.3)));
const of = (list: readonly number[][]) => matrix(Float32Array.from(list.flat()), list.length, 7);

it('counts the rows of the second set that the first one has, in any order', () => {
  const [a, b] = [rows(500), rows(300)];
  expect(sharedSamples(of(a), of(b))).toBe(0);
  expect(sharedSamples(of(a), of([...b, a[3], a[499], a[3]]))).toBe(3);
  expect(sharedSamples(of(a), of(a.toReversed()))).toBe(500);
});

it('takes rows that differ in one bit, or in the order of their numbers, for others', () => {
  const [row] = rows(1);
  const off = Float32Array.from(row);
  off[6] += 2 ** -24;
  expect(off[6]).not.toBe(Math.fround(row[6]));
  expect(sharedSamples(of([row]), of([Array.from(off), row.toReversed()]))).toBe(0);
});
