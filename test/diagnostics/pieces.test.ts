import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeNpz, readNpz } from '../../src/array/npz.js';
import { joinPieces, missingPieces, parsePieces } from '../../src/diagnostics/pieces.js';
import { emptyStatistics } from '../../src/diagnostics/statistics.js';
import { readStatistics, writeStatistics } from '../../src/diagnostics/statistics-file.js';
import type { StorePiece } from '../../src/features/store/piece.js';
import { expectRefusal } from '../array/expect-refusal.js';

const piece = (index: number, count: number, from: number, to: number, store = 'a'): StorePiece => ({
  ...{ store, name: `${store}/`, total: 100, part: { index, count }, from, to },
});
const [first, second, third] = [piece(1, 3, 0, 30), piece(2, 3, 30, 60), piece(3, 3, 60, 100)];

describe('pieces of stores', () => {
  it('are whole in any order, with empty ones, and of several stores', () => {
    const joined = joinPieces([third, first], [piece(1, 5, 0, 0), second], 'f');
    expect(missingPieces(joined)).toBeUndefined();
    expect(missingPieces([...joined, piece(1, 1, 0, 100, 'b')])).toBeUndefined();
    expect(missingPieces([])).toBeUndefined();
  });

  it('say what is missing: parts, or samples where the parts are of several cuts', () => {
    expect(missingPieces([second])).toBe('70 of the 100 samples of a/ (parts 1, 3 of 3)');
    expect(missingPieces([first, piece(4, 4, 75, 100)])).toBe(
      '45 of the 100 samples of a/ (counted from 0: 30 to 74)',
    );
    expect(missingPieces([...joinPieces([first, second], [third], 'f'), piece(1, 2, 0, 50, 'b')])).toBe(
      '50 of the 100 samples of b/ (part 2 of 2)',
    );
  });

  it('count once; the same samples of another store are others', async () => {
    expect(joinPieces([first], [piece(1, 3, 0, 30, 'b')], 'f')).toHaveLength(2);
    await expectRefusal(
      () => joinPieces([first, second], [piece(1, 2, 20, 50)], 'f.npz'),
      'INVALID_ARGUMENT',
      /f\.npz is of part 1 of 2 of a\/, which shares samples with part 1 of 3, /,
    );
  });
});

describe('in a file of statistics', () => {
  it('are kept, and nothing else is taken for them', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'onnx-tailor-pieces-'));
    const path = join(folder, 's.npz');
    await writeStatistics(path, emptyStatistics(2, 3), { pieces: [first, third] });
    expect((await readStatistics(path)).pieces).toEqual([first, third]);
    const arrays = Object.fromEntries(await readNpz(path));
    const bytes = encodeNpz({ ...arrays, pieces: { shape: [], strings: ['[{}]'] } });
    await expectRefusal(() => readStatistics(bytes), 'FORMAT_INVALID', /pieces that say nothing of parts/);
    await rm(folder, { recursive: true });
  });

  it.each([
    ['not JSON', '{'],
    ['no list', '{"length": 1}'],
    ['null', '[null]'],
    ['no store', JSON.stringify([{ ...first, store: 7 }])],
    ['a part that is none', JSON.stringify([{ ...first, part: { index: 4, count: 3 } }])],
    ['parts without end', JSON.stringify([{ ...first, part: { index: 1, count: 2 ** 50 } }])],
    ['an end before the start', JSON.stringify([{ ...first, from: 31 }])],
    ['samples behind the end', JSON.stringify([{ ...first, to: 101 }])],
  ])('%s is refused', (_, text) => {
    expect(parsePieces(text)).toBeUndefined();
  });
});
