/** Faults of the system itself, where they can be had: a full disk, a read-only one, another user, a limit on the size of files. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './harness.mjs';

const system = (...command) => spawnSync(command[0], command.slice(1)).status === 0;

/** A file system of so many bytes at `folder`; undefined where it may not be mounted. */
function mountSmall(folder, bytes) {
  mkdirSync(folder, { recursive: true });
  if (process.getuid?.() !== 0 || !system('mount', '-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', folder))
    return undefined;
  return {
    readOnly: () => system('mount', '-o', 'remount,ro', folder),
    unmount: () => system('umount', folder),
  };
}

const sizeOf = (folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce(
      (sum, entry) => sum + 4096 * Math.ceil(statSync(join(entry.parentPath, entry.name)).size / 4096),
      0,
    );

function chownAll(folder, uid) {
  chownSync(folder, uid, uid);
  for (const name of readdirSync(folder, { recursive: true })) chownSync(join(folder, name), uid, uid);
}

/**
 * @param {import('./harness.mjs').Bench} bench undisturbed already
 * @returns {AsyncGenerator<{ kind: string, name: string, state: string, lost: string[], code: number | null } | { kind: string, skipped: string }>}
 */
export async function* realFaults(bench) {
  const { one } = bench;
  const judged = (kind, folder, run) => {
    const { state, lost } = bench.look(folder);
    if (/\n\s+at /.test(run.stderr)) lost.push(`a stack trace: ${run.stderr}`);
    if (run.code === 0 && state !== 'new') lost.push(`exit code 0, but the target is ${state}`);
    if (run.code !== 0 && run.signal === null && !/(^|\n)onnx-tailor: .+\.\n$/.test(run.stderr))
      lost.push(`no word of what happened: ${JSON.stringify(run.stderr)}`);
    return { kind, name: `${kind}: ${run.stderr.trim().split('\n').at(-1)}`, state, lost, code: run.code };
  };

  // Free pages after the inputs: none, one, two, …: full at the lock, at the temporary file, at the next file.
  const disk = join(bench.home, 'disk');
  for (let pages = 0; pages < 10; pages++) {
    const mounted = mountSmall(disk, sizeOf(bench.origin) + pages * 4096);
    if (!mounted) {
      yield { kind: 'full disk', skipped: 'a small file system cannot be mounted here' };
      break;
    }
    try {
      cpSync(bench.origin, disk, { recursive: true });
      const run = await runCommand(one.args, disk);
      yield judged('full disk', disk, run);
      if (run.code === 0) break;
    } finally {
      mounted.unmount();
    }
  }

  const mounted = mountSmall(disk, 2 ** 22);
  if (mounted) {
    try {
      cpSync(bench.origin, disk, { recursive: true });
      if (mounted.readOnly()) yield judged('read-only file system', disk, await runCommand(one.args, disk));
    } finally {
      mounted.unmount();
    }
  }

  if (process.getuid?.() === 0) {
    const uid = 65_534;
    chmodSync(bench.home, 0o755);
    const folder = bench.fresh();
    // The folder is another user's.
    yield judged('folder without permission', folder, await runCommand(one.args, folder, { uid }));
    rmSync(folder, { recursive: true });
    if (one.old) {
      const own = bench.fresh();
      chownAll(own, uid);
      for (const target of one.targets) chmodSync(join(own, target), 0o444);
      yield judged('read-only target', own, await runCommand(one.args, own, { uid }));
      rmSync(own, { recursive: true });
    }
  } else yield { kind: 'folder without permission', skipped: 'it takes root to run as another user' };

  // In blocks of 512 bytes; the process is killed at the first byte beyond, or told.
  for (const blocks of [0, 1, 4]) {
    const folder = bench.fresh();
    const prefix = ['sh', '-c', `ulimit -c 0; ulimit -f ${blocks}; exec "$0" "$@"`];
    yield judged('limit on file sizes', folder, await runCommand(one.args, folder, { prefix }));
    rmSync(folder, { recursive: true });
  }

  const folder = bench.fresh();
  const run = await runCommand([...one.args, '--json'], folder, {
    prefix: ['sh', '-c', 'exec "$0" "$@" >/dev/full'],
  });
  const found = judged('standard output full', folder, run);
  if (run.code !== 1) found.lost.push(`exit code ${run.code} where standard output was full`);
  yield found;
  writeFileSync(join(bench.home, 'unused'), '');
  rmSync(folder, { recursive: true });
}
