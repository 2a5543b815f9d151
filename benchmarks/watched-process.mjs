// A process with a clock and an eye on its memory.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

/** Between two looks at the memory, in milliseconds. */
const LOOK = 10;

/**
 * Runs a command to its end; throws what it wrote to stderr where it fails. Memory is known on Linux only: `ownMiB` is what is
 * the process's own, `allMiB` counts pages of mapped files as well, which the system may drop at any time.
 * @param {string} command @param {readonly string[]} args
 * @returns {Promise<{ seconds: number, stdout: string, ownMiB?: number, allMiB?: number }>}
 */
export async function watch(command, args) {
  const began = performance.now();
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text) => (stdout += text));
  child.stderr.on('data', (text) => (stderr += text));
  let [own, all] = [0, 0];
  const look = setInterval(() => {
    const status = readStatus(child.pid);
    own = Math.max(own, kib(status, 'RssAnon'));
    all = Math.max(all, kib(status, 'VmHWM'));
  }, LOOK);
  const [code] = await once(child, 'close');
  clearInterval(look);
  const seconds = (performance.now() - began) / 1000;
  if (code !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr.trim() || `ended with ${code}`}`);
  return { seconds, stdout, ...(own > 0 && { ownMiB: own / 1024, allMiB: all / 1024 }) };
}

function readStatus(pid) {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}

const kib = (status, name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0);
