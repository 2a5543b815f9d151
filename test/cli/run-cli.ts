/** Runs the built command as users do: a child process. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
/** The built command. */
export const main = resolve(root, 'dist/cli/launch.cjs');
if (!existsSync(main)) throw new Error('The command line is tested as built: run "npm run build" first.');

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `onnx-tailor ARGS` in `cwd`; `prefix` is a command that runs it, `input` what comes on standard input. */
export function runCli(
  args: readonly string[],
  cwd: string,
  prefix: readonly string[] = [],
  input?: Uint8Array | string,
): CliResult {
  const [command, ...rest] = [...prefix, process.execPath, main, ...args];
  const { status, stdout, stderr, error } = spawnSync(command, rest, {
    cwd,
    encoding: 'utf8',
    input,
    timeout: 60_000,
  });
  if (error) throw error;
  return { code: status, stdout, stderr };
}

/** Runs with --json; stdout must be exactly one JSON document. */
export function runJson(
  args: readonly string[],
  cwd: string,
): CliResult & { document: Record<string, unknown> } {
  const result = runCli([...args, '--json'], cwd);
  return { ...result, document: JSON.parse(result.stdout) as Record<string, unknown> };
}
