/** The architecture of DESIGN.md as a test: imports go down the floors only, there is no circle, Node stays in its files. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const SRC = resolve(import.meta.dirname, '../src');

/** Top to bottom; a file may import from its own floor and from those below. */
const FLOORS = [
  ['index', 'cli', 'web'],
  ['report'],
  ['recalibrate'],
  ['head'],
  ['diagnostics'],
  ['evaluation'],
  ['features'],
  ['data'],
  ['compute'],
  ['runtime'],
  ['onnx'],
  ['array'],
];

/** Packages that the core may load; anything else would be an undeclared dependency or Node's own. */
const PACKAGES: Record<string, (file: string) => boolean> = {
  ndarray: () => true,
  'ml-matrix': () => true,
  fflate: () => true,
  papaparse: (file) => file === 'data/csv.ts',
  hyparquet: (file) => file.startsWith('array/parquet/'),
  'hyparquet-writer': (file) => file === 'array/parquet/write-table.ts',
  fzstd: (file) => file === 'array/parquet/zstd.ts',
  'onnx-buf': () => true,
  '@bufbuild/protobuf': () => true,
  'onnxruntime-common': (file) => file.startsWith('runtime/'),
  'onnxruntime-node': (file) => file === 'runtime/ort.node.ts',
  'onnxruntime-web': (file) => file === 'runtime/ort.browser.ts',
  sharp: (file) => file === 'data/pictures.node.ts',
  commander: (file) => file.startsWith('cli/'),
  preact: (file) => file.startsWith('web/'),
};

const ALIASES: Record<string, string[]> = {
  '#platform': ['array/platform.node.ts', 'array/platform.browser.ts'],
  '#ort': ['runtime/ort.node.ts', 'runtime/ort.browser.ts'],
  '#pictures': ['data/pictures.node.ts', 'data/pictures.browser.ts'],
};

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => /\.tsx?$/.test(file));
const importsOf = new Map(
  files.map((file) => [
    file,
    ts.preProcessFile(readFileSync(join(SRC, file), 'utf8')).importedFiles.map((found) => found.fileName),
  ]),
);

function floorOf(file: string): number {
  const room = file.includes('/') ? file.slice(0, file.indexOf('/')) : file.replace(/\.ts$/, '');
  const floor = FLOORS.findIndex((rooms) => rooms.includes(room));
  if (floor < 0) throw new Error(`src/${file} stands on no floor of DESIGN.md`);
  return floor;
}

/** Files of src that a file imports, through aliases as well. */
function filesImportedBy(file: string): string[] {
  return importsOf.get(file)!.flatMap((name) => {
    if (ALIASES[name]) return ALIASES[name];
    if (!name.startsWith('.')) return [];
    const target = relative(SRC, join(SRC, dirname(file), name)).replace(/\.js$/, '.ts');
    // Markup of the page.
    return [files.includes(`${target}x`) ? `${target}x` : target];
  });
}

describe('the floors of DESIGN.md', () => {
  it('finds the source files', () => {
    expect(files.length).toBeGreaterThan(10);
  });

  it('imports go down only', () => {
    const upwards = files.flatMap((file) =>
      filesImportedBy(file)
        .filter((target) => floorOf(target) < floorOf(file))
        .map((target) => `${file} → ${target}`),
    );
    expect(upwards).toEqual([]);
  });

  it('imports name files that exist', () => {
    const missing = files.flatMap((file) =>
      filesImportedBy(file)
        .filter((target) => !files.includes(target))
        .map((target) => `${file} → ${target}`),
    );
    expect(missing).toEqual([]);
  });

  it('has no circle', () => {
    const state = new Map<string, 'open' | 'done'>();
    const circles: string[] = [];
    const visit = (file: string, path: string[]) => {
      if (state.get(file) === 'done') return;
      if (state.get(file) === 'open') {
        circles.push([...path.slice(path.indexOf(file)), file].join(' → '));
        return;
      }
      state.set(file, 'open');
      for (const target of filesImportedBy(file)) visit(target, [...path, file]);
      state.set(file, 'done');
    };
    for (const file of files) visit(file, []);
    expect(circles).toEqual([]);
  });

  it('keeps node: in the platform files and the command line', () => {
    const strays = files.filter(
      (file) =>
        !file.endsWith('.node.ts') &&
        !file.startsWith('cli/') &&
        importsOf.get(file)!.some((name) => name.startsWith('node:')),
    );
    expect(strays).toEqual([]);
  });

  it('loads declared packages only, each where it belongs', () => {
    const strays = files.flatMap((file) =>
      importsOf
        .get(file)!
        .filter((name) => !name.startsWith('.') && !name.startsWith('node:') && !ALIASES[name])
        .filter((name) => {
          const bare = name
            .split('/')
            .slice(0, name.startsWith('@') ? 2 : 1)
            .join('/');
          return !PACKAGES[bare]?.(file);
        })
        .map((name) => `${file} → ${name}`),
    );
    expect(strays).toEqual([]);
  });
});
