/** Which files a place takes, and what it says of the others. */
import { describe, expect, it } from 'vitest';
import { droppedFiles } from '../../src/web/files/dropped.js';
import { parseNumbers } from '../../src/web/files/parse-numbers.js';
import { countsFile, dataFiles, isRefusal, modelFiles } from '../../src/web/files/sort-files.js';

const found = (...paths: string[]) =>
  paths.map((path) => ({ path, file: new File([], path.split('/').at(-1)!) }));

/** What is said of files that are not taken. */
function refusalOf(result: object): string {
  expect(isRefusal(result)).toBe(true);
  const { refused, hint } = result as { refused: string; hint: string };
  return `${refused} ${hint}`;
}

describe('a place for a model', () => {
  it('takes it with the files of its weights, from a folder as well', () => {
    expect(modelFiles(found('a/m.onnx', 'a/m.onnx.data', 'a/notes.txt', 'a/cat.png'))).toMatchObject({
      file: { name: 'm.onnx' },
      sideFiles: [{ name: 'm.onnx.data' }],
    });
  });

  it('lets the reader of models judge a file without a telling name', () => {
    expect(modelFiles(found('classifier'))).toMatchObject({ file: { name: 'classifier' } });
  });

  it.each([
    [['val.npz'], /val.npz is a feature file; here an .onnx file is needed. Drop it under 2/],
    [['net.pth'], /net.pth is a file of weights.*torch.onnx.export/],
    [['net.safetensors'], /net.safetensors is a file of weights.*torch.onnx.export/],
    [['a.png', 'b.png'], /a.png \(and 1 more\) is a picture/],
    [['a.onnx', 'b.onnx'], /2 models were given. Give one/],
    [['m.zip'], /m.zip is an archive.*Unpack it first/],
  ])('says what %j is', (paths, words) => {
    expect(refusalOf(modelFiles(found(...paths)))).toMatch(words);
  });
});

describe('a place for data', () => {
  it('takes a feature file, or whatever lies in folders', () => {
    for (const name of ['val.npz', 'val.parquet', 'val.safetensors']) {
      expect(dataFiles(found(name))).toMatchObject({ kind: 'npz', file: { name } });
    }
    const paths = ['val/cat/1.png', 'val/dog/2.png', 'val/.DS_Store'];
    expect(dataFiles(found(...paths))).toMatchObject({
      kind: 'pictures',
      files: paths.map((path) => ({ path })),
    });
  });

  it.each([
    [
      ['m.onnx'],
      /m.onnx is a model; here a feature file \(\.npz, \.safetensors, \.parquet\) or a folder of pictures is needed. Drop it under 1/,
    ],
    [['1.png'], /A picture without a folder/],
    [['1.png', '2.png'], /Pictures without a folder.*one subfolder per class/],
    [['features.npy'], /a single array.*numpy.savez/],
    [['a.npz', 'b.npz'], /2 feature files were given/],
    [['counts.json'], /a text file.*Training samples by class/],
  ])('says what %j is', (paths, words) => {
    expect(refusalOf(dataFiles(found(...paths)))).toMatch(words);
  });
});

describe('a place for counts', () => {
  it('takes text and labels', () => {
    expect(countsFile(found('counts.json'))).toMatchObject({ name: 'counts.json' });
    for (const name of ['train.npz', 'train.parquet', 'train.safetensors']) {
      expect(countsFile(found(name))).toMatchObject({ name });
    }
  });

  it('refuses the rest', () => {
    expect(refusalOf(countsFile(found('m.onnx')))).toMatch(/m.onnx is a model/);
    expect(refusalOf(countsFile(found('a.json', 'b.json')))).toMatch(/2 files/);
  });
});

describe('what is dropped', () => {
  const file = (name: string) => ({
    isDirectory: false,
    name,
    file: (done: (file: File) => void) => done(new File([], name)),
  });
  const folder = (name: string, ...entries: object[]) => ({
    isDirectory: true,
    name,
    createReader: () => {
      // A few at a time, as browsers do.
      const left = [...entries];
      return { readEntries: (done: (some: object[]) => void) => done(left.splice(0, 2)) };
    },
  });
  const transfer = (...entries: (ReturnType<typeof folder> | ReturnType<typeof file>)[]) =>
    ({
      items: entries.map((entry) => ({
        kind: 'file',
        webkitGetAsEntry: () => entry,
        getAsFile: () => (entry.isDirectory ? null : new File([], entry.name)),
      })),
    }) as unknown as DataTransfer;

  it('is found however deep it lies', async () => {
    const dropped = transfer(
      folder('val', folder('cat', file('1.png'), file('2.png'), file('3.png')), file('x')),
    );
    expect((await droppedFiles(dropped)).map(({ path }) => path)).toEqual([
      'val/cat/1.png',
      'val/cat/2.png',
      'val/cat/3.png',
      'val/x',
    ]);
  });

  it('is one set where the folders of the classes are dropped instead of their parent', async () => {
    const dropped = transfer(folder('cat', file('1.png')), folder('dog', file('2.png')));
    expect((await droppedFiles(dropped)).map(({ path }) => path)).toEqual([
      'dropped/cat/1.png',
      'dropped/dog/2.png',
    ]);
  });
});

describe('numbers', () => {
  it('are read as they are typed', () => {
    expect(parseNumbers(' 1, 2;3\n4\t5 ')).toEqual([1, 2, 3, 4, 5]);
    expect(parseNumbers('{"a": 1}')).toEqual({ a: 1 });
    expect(parseNumbers('')).toEqual([]);
    expect(parseNumbers('1 two')).toEqual([1, Number.NaN]);
  });
});
