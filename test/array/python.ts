/** Runs Python with numpy, where there is one: TAILOR_PYTHON, else python3. */
import { spawnSync } from 'node:child_process';

const python = process.env.TAILOR_PYTHON ?? 'python3';
const probe = spawnSync(python, ['-c', 'import numpy'], { encoding: 'utf8' });

/** Whether numpy can be asked. Prints why not. */
export const hasNumpy = probe.status === 0;
if (!hasNumpy) {
  const reason = probe.error?.message ?? probe.stderr.trim().split('\n').at(-1);
  console.warn(
    `Skipping what asks numpy itself (${python}: ${reason}). Set TAILOR_PYTHON to a Python with numpy.`,
  );
}

/** Runs a script with arguments; its standard output. Throws with its errors when it fails. */
export function runPython(script: string, ...args: string[]): string {
  const result = spawnSync(python, ['-c', script, ...args], { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(result.stderr || String(result.error));
  return result.stdout;
}

/** Whether that Python has a package. Prints where it has not. */
export function pythonHas(name: string): boolean {
  const found = hasNumpy && spawnSync(python, ['-c', `import ${name}`]).status === 0;
  if (hasNumpy && !found)
    console.warn(`Skipping what asks the Python package ${name}: ${python} does not have it.`);
  return found;
}
