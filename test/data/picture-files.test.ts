/** Folders as lists of files: which are taken, in which order, as which class. */
import { describe, expect, it } from 'vitest';
import { type PictureFilesOptions, pictureFiles } from '../../src/data/picture-files.js';
import { expectRefusal } from '../array/expect-refusal.js';

const open = (paths: readonly string[], options: PictureFilesOptions = {}) =>
  pictureFiles(
    paths.map((path) => ({ path, read: () => new Uint8Array([1]) })),
    options,
  );
const namesOf = (source: ReturnType<typeof open>) =>
  Array.from({ length: source.length }, (_, i) => source.sampleName!(i));

describe('pictureFiles', () => {
  it('orders by class, then by name, whatever order the browser gives', () => {
    const source = open([
      'val/dog/b.png',
      'val/cat/10.jpg',
      'val/dog/a.PNG',
      'val/cat/2.jpg',
      'val/cat/.DS_Store',
      'val/.cache/x/1.png',
      'val/README.md',
      'val/cat/notes.txt',
      'val/cat/more/3.png',
    ]);
    expect(source.name).toBe('val');
    expect(source.classes).toEqual(['cat', 'dog']);
    expect(namesOf(source)).toEqual(['val/cat/10.jpg', 'val/cat/2.jpg', 'val/dog/a.PNG', 'val/dog/b.png']);
    expect(Array.from(source.labels!)).toEqual([0, 0, 1, 1]);
  });

  it('takes the class folders themselves, and slashes before them', () => {
    const source = open(['/dog/b.png', '/cat/a.png'], { classes: ['dog', 'bird', 'cat'] });
    expect(source.name).toBe('the given files');
    expect(namesOf(source)).toEqual(['/dog/b.png', '/cat/a.png']);
    expect(Array.from(source.labels!)).toEqual([0, 2]);
    expect(open(['.hidden/cat/1.png', '.hidden/dog/1.png']).classes).toEqual(['cat', 'dog']);
    expect(open(['cat/1.png', 'dog/1.png'], { name: 'mine' }).name).toBe('mine');
  });

  it('has imageFolder’s rules of numbers and names', async () => {
    const numbers = ['set/2/a.png', 'set/10/a.png', 'set/1/a.png'];
    await expectRefusal(async () => open(numbers), 'INVALID_ARGUMENT', /order=name or order=number/);
    expect(open(numbers, { order: 'number' }).classes).toEqual(['1', '2', '10']);
    expect(open(numbers, { order: 'name' }).classes).toEqual(['1', '10', '2']);
    await expectRefusal(async () => open(['a/wolf/1.png'], { classes: ['dog'] }), 'LABELS_INVALID', /wolf/);
  });

  it('refuses what is no folder of classes', async () => {
    await expectRefusal(async () => open([]), 'FORMAT_INVALID', /no subfolder/);
    await expectRefusal(async () => open(['flat/1.png', 'flat/2.png']), 'FORMAT_INVALID', /no subfolder/);
    await expectRefusal(async () => open(['a/b/c.txt']), 'FORMAT_INVALID', /hold no pictures/);
    await expectRefusal(async () => open(['a/b/c.bmp']), 'FORMAT_UNSUPPORTED', /c\.bmp.*Convert/);
  });

  it('says which picture cannot be read', async () => {
    const source = open(['a/b/c.png']);
    await expect(Promise.resolve().then(() => source.read(0))).rejects.toThrow(/a\/b\/c\.png/);
  });
});
