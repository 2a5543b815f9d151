// A case by the command line: what a user would see, and what would be left of it.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageFault, terminalFault } from './faults.mjs';
import { KINDS } from './kinds/index.mjs';

const MAIN = fileURLToPath(new URL('../dist/cli/launch.cjs', import.meta.url));
/** A command starts Node and onnxruntime first, so it has more time than a case in a child, in milliseconds. */
const HANG = 20_000;

/** @param {string} kind @param {import('./kinds/index.mjs').Made} made @param {number} which of the kind's commands */
export async function runCommand(kind, made, which) {
  const { commands, company } = KINDS[kind];
  const list = commands(made.main);
  const args = list[which % list.length];
  const folder = mkdtempSync(join(tmpdir(), 'onnx-tailor-fuzz-'));
  try {
    for (const [name, bytes] of Object.entries({ ...(await company?.()), ...made.files })) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), bytes);
    }
    const before = new Set(readdirSync(folder, { recursive: true }));
    const { code, signal, stdout, stderr } = await spawnIn(folder, args);
    const left = readdirSync(folder, { recursive: true }).filter((name) => !before.has(name));
    const said = `onnx-tailor ${args.join(' ')}: `;
    const fault = signal
      ? `it was ended by ${signal}: ${stderr.slice(-1000)}`
      : ![0, 1].includes(code)
        ? `exit code ${code}: ${stderr.slice(-1000)}`
        : code !== 0 && left.length > 0
          ? `left ${left.join(', ')} after ${stderr.slice(0, 500)}`
          : left.some((name) => name.endsWith('.tmp'))
            ? `left ${left.join(', ')}`
            : code === 0 && args.includes('--json') && !isJson(stdout)
              ? `stdout is no JSON: ${stdout.slice(0, 500)}`
              : (messageFault(stderr) ?? terminalFault(stdout) ?? terminalFault(stderr));
    if (fault) return { outcome: 'failed', fault: said + fault };
    return code === 0
      ? { outcome: 'accepted', detail: args[0] }
      : { outcome: 'refused', detail: `command ${args[0]}` };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function spawnIn(cwd, args) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [MAIN, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
    const timer = setTimeout(() => child.kill('SIGKILL'), HANG);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, stdout, stderr });
    });
  });
}
