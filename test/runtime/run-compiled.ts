/** Runs a script against src in a Node process of its own, without needing a build. */
import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { afterAll } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');

/** The runtime and what it stands on. */
const FLOORS = ['array', 'onnx', 'runtime'];

let compiled: string | undefined;
afterAll(() => {
  if (compiled) rmSync(compiled, { recursive: true, force: true });
});

/** Strips the types of these floors into a folder that looks like the installed package. */
function compileOnce(): string {
  if (compiled) return compiled;
  const folder = mkdtempSync(join(tmpdir(), 'compiled-'));
  for (const file of readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })) {
    if (!/\.[jt]s$/.test(file) || !FLOORS.includes(dirname(file))) continue;
    const { outputText } = ts.transpileModule(readFileSync(join(ROOT, 'src', file), 'utf8'), {
      compilerOptions: {
        target: ts.ScriptTarget.ES2023,
        module: ts.ModuleKind.ESNext,
        verbatimModuleSyntax: true,
      },
    });
    const target = join(folder, 'dist', file.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, outputText);
  }
  writeFileSync(join(folder, 'package.json'), readFileSync(join(ROOT, 'package.json')));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  compiled = folder;
  return folder;
}

/** The script may say `await load('runtime/session.js')` for a module of src. */
export function runCompiled(
  script: string,
  environment: Record<string, string> = {},
): { status: number | null; stdout: string; stderr: string } {
  const base = pathToFileURL(join(compileOnce(), 'dist/')).href;
  const text = `const load = (file) => import(${JSON.stringify(base)} + file);\n${script}`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', text], {
    encoding: 'utf8',
    env: { ...process.env, ...environment },
  });
  return { status, stdout, stderr };
}
