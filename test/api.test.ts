/** The public API: the committed report of it is true, and every function says what it throws. Needs dist (npm run build). */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');
const manifest = JSON.parse(readFileSync(resolve(ROOT, 'package.json'), 'utf8'));

/** Functions that refuse nothing: everything that their types allow has an answer. */
const THROWS_NOTHING = [
  // Look at what was checked when it was made.
  'ArrayFile.has',
  'headShape',
  'rowNorms',
  'vector',
  'defaultThresholds',
  'advise',
  'adviseTogether',
  // Say what is wrong in what they return.
  'Model.describe',
  'listDevices',
  'runtimeVersions',
  // Draw and write what was measured.
  'diagnosisContent',
  'recalibrationContent',
  'reportHtml',
  'reportMarkdown',
  'reportPlots',
  // The caller's own: what it throws goes through.
  'FeatureRows.read',
  'FileChecksum.ofParts',
  'PictureFile.read',
  'DataSource.sampleName',
  'DataSource.picturePath',
  'DataSource.fingerprint',
  'DataSource.close',
];

describe('the API report', () => {
  it('is that of the package; `npm run api` writes it again', { timeout: 120_000 }, () => {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/api-report.mjs', '--check'], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });

  it('is made by the TypeScript that is pinned: another one could write types in another way', () => {
    const extractor = JSON.parse(
      readFileSync(resolve(ROOT, 'node_modules/@microsoft/api-extractor/package.json'), 'utf8'),
    );
    expect(manifest.devDependencies['@microsoft/api-extractor']).toBe(extractor.version);
    expect(extractor.dependencies.typescript).toBe(manifest.devDependencies.typescript);
  });
});

describe('comments', () => {
  it('are asked for on every public name and member', () => {
    // typedoc itself runs in `npm run check`; here only that nothing takes this away from it.
    const { validation, ...rest } = manifest.typedocOptions;
    expect(validation).toEqual({ notExported: true, invalidLink: true, notDocumented: true });
    expect(Object.keys(rest)).not.toContain('requiredToBeDocumented');
    expect(Object.keys(rest)).not.toContain('intentionallyNotDocumented');
    expect(manifest.scripts.check).toContain('typedoc --emit none --treatWarningsAsErrors');
  });

  it('of functions name the codes of their errors', { timeout: 120_000 }, () => {
    const silent = publicFunctions()
      .filter(({ text }) => !/\b[A-Z]{3,}(_[A-Z]+)+\b/.test(text))
      .map(({ name }) => name);
    expect(silent.sort()).toEqual([...THROWS_NOTHING].sort());
  });

  it('name codes that there are', { timeout: 120_000 }, () => {
    const source = readFileSync(resolve(ROOT, 'src/array/errors.ts'), 'utf8');
    const codes = [...source.matchAll(/^ {2}\| '([A-Z_]+)'/gm)].map(([, code]) => code);
    expect(codes.length).toBeGreaterThan(20);
    const unknown = publicFunctions().flatMap(({ name, text }) =>
      [...text.matchAll(/\b[A-Z]{3,}(?:_[A-Z]+)+\b/g)]
        .filter(([word]) => !codes.includes(word) && !constants.has(word))
        .map(([word]) => `${name}: ${word}`),
    );
    expect(unknown).toEqual([]);
  });
});

/** Words in comments that are names of constants. */
const constants = new Set(['MAX_CLASSES']);

interface PublicFunction {
  readonly name: string;
  /** Its comment with all tags. */
  readonly text: string;
}

let found: PublicFunction[] | undefined;

/** Exported functions, and methods of exported classes and interfaces. */
function publicFunctions(): PublicFunction[] {
  if (found) return found;
  const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined };
  const config = ts.getParsedCommandLineOfConfigFile(resolve(ROOT, 'tsconfig.build.json'), {}, host)!;
  const index = resolve(ROOT, 'src/index.ts');
  const program = ts.createProgram([index], config.options);
  const checker = program.getTypeChecker();
  const comment = (symbol: ts.Symbol) =>
    [
      ts.displayPartsToString(symbol.getDocumentationComment(checker)),
      ...symbol
        .getJsDocTags(checker)
        .map(({ name, text }) => `@${name} ${ts.displayPartsToString(text ?? [])}`),
    ].join('\n');
  const module = checker.getSymbolAtLocation(program.getSourceFile(index)!)!;
  found = checker.getExportsOfModule(module).flatMap((exported) => {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    return (symbol.declarations ?? []).flatMap((declaration): PublicFunction[] => {
      if (ts.isFunctionDeclaration(declaration)) return [{ name: symbol.name, text: comment(symbol) }];
      if (!ts.isClassDeclaration(declaration) && !ts.isInterfaceDeclaration(declaration)) return [];
      return declaration.members.flatMap((member) => {
        if (!ts.isMethodDeclaration(member) && !ts.isMethodSignature(member)) return [];
        if (ts.isPrivateIdentifier(member.name)) return [];
        const method = checker.getSymbolAtLocation(member.name)!;
        const internal = method.getJsDocTags(checker).some(({ name }) => name === 'internal');
        return internal ? [] : [{ name: `${symbol.name}.${method.name}`, text: comment(method) }];
      });
    });
  });
  return found;
}
