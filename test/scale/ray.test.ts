/** examples/ray-extract.py on a Ray of this machine: with a command and a worker of Ray that are killed in the middle. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readStatistics } from '../../src/diagnostics/statistics-file.js';
import { main } from '../cli/run-cli.js';
import {
  expectSameStatistics,
  inOneGo,
  root,
  SAMPLES,
  SIZES,
  shardsOf,
  type TinyJob,
  tinyJob,
} from './tiny-job.js';

const python = process.env.TAILOR_PYTHON ?? 'python3';
const probe = spawnSync(python, ['-c', 'import ray'], { encoding: 'utf8' });
const hasRay = probe.status === 0;
if (!hasRay) {
  const reason = probe.error?.message ?? probe.stderr.trim().split('\n').at(-1);
  console.warn(
    `Skipping examples/ray-extract.py (${python}: ${reason}). Set TAILOR_PYTHON to a Python with ray.`,
  );
}

const PARTS = 4;

describe.skipIf(!hasRay)('examples/ray-extract.py', () => {
  // Hooks of tests that are skipped do not run, and would leave the folder behind.
  const job = hasRay ? tinyJob() : ({} as TinyJob);
  const { cwd, file } = job;

  it('makes what one process makes, though tasks are killed', { timeout: 300_000 }, async () => {
    const wanted = await inOneGo(job);
    const { closed, words } = start(job, '--parts', `${PARTS}`);
    // The command of one task, and the worker of Ray around that of another.
    const killed = [await kill(cwd, 2, 'the command'), await kill(cwd, 3, 'its worker')];
    expect(killed).toEqual([true, true]);
    const [code] = await closed;
    expect([code, words()]).toEqual([0, expect.stringContaining(`${SAMPLES} samples diagnosed`)]);
    // Both began again, behind what was there.
    for (const part of [2, 3]) {
      const resumed = new RegExp(`Part ${part} of 4: 1000 samples, (\\d+) of them were there already`).exec(
        words(),
      );
      expect(Number(resumed?.[1]), words()).toBeGreaterThan(0);
    }
    expect(shardsOf(file('out/features'))).toEqual(wanted.shards);
    expectSameStatistics((await readStatistics(file('out/statistics.npz'))).statistics, wanted.statistics);
    expect(readdirSync(file('out/statistics'))).toHaveLength(PARTS);
    expect(readFileSync(file('out/report.html'), 'utf8')).toContain('Diagnosis of model.onnx');
  });

  it('finds everything done the second time, and names what goes wrong', { timeout: 300_000 }, async () => {
    const again = start(job, '--parts', `${PARTS}`);
    expect([(await again.closed)[0], again.words()]).toEqual([0, expect.stringContaining('diagnosed')]);
    expect(again.words()).toMatch(/Part 4 of 4: 1000 samples, 1000 of them were there already/);
    const other = start(job, '--parts', '2', '--retries', '0');
    // A store that is whole is taken whatever its parts were.
    expect([(await other.closed)[0], other.words()]).toEqual([0, expect.stringContaining('diagnosed')]);
    const wrong = start({ ...job, data: 'missing.npz' }, '--parts', '2');
    expect((await wrong.closed)[0]).toBe(1);
    expect(wrong.words()).toMatch(/Part 1 of 2 FAILED: .*missing\.npz/);
    expect(wrong.words()).toMatch(/2 of 2 parts failed\. Run this again/);
  });
});

function start({ cwd, env, data = 'data.npz' }: TinyJob & { data?: string }, ...more: string[]) {
  const script = join(root, 'examples/ray-extract.py');
  const args = [script, 'model.onnx', '--data', data, '--out', 'out', ...more, '--', ...SIZES];
  const child = spawn(python, args, {
    cwd,
    // Ray counts nothing, and looks for no cluster that the machine may be part of.
    env: {
      ...env,
      ...{ RAY_USAGE_STATS_ENABLED: '0', RAY_ADDRESS: 'local', RAY_TMPDIR: cwd, PYTHONUNBUFFERED: '1' },
    },
  });
  onTestFinished(() => void child.kill());
  let words = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      words += text;
    });
  }
  return { closed: once(child, 'close') as Promise<[number]>, words: () => words };
}

/** Kills the extraction of a part, or the process that runs it, when some of its shards are there and some are not. */
async function kill(cwd: string, part: number, which: 'the command' | 'its worker'): Promise<boolean> {
  const manifest = join(cwd, `out/features/manifest-${part}-of-${PARTS}.json`);
  for (let waited = 0; waited < 60_000; waited += 2) {
    if (existsSync(manifest)) {
      const { rows, complete } = JSON.parse(readFileSync(manifest, 'utf8')) as {
        rows: number;
        complete: boolean;
      };
      if (complete) return false;
      const command = rows >= 200 && findCommand(cwd, `${part}/${PARTS}`);
      if (command) {
        process.kill(which === 'the command' ? command.id : command.parent, 'SIGKILL');
        return true;
      }
    }
    await sleep(2);
  }
  return false;
}

/** The extraction of a part in this test's own folder. */
function findCommand(cwd: string, part: string): { id: number; parent: number } | undefined {
  for (const id of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const words = readFileSync(`/proc/${id}/cmdline`, 'utf8').split('\0');
      const environment = readFileSync(`/proc/${id}/environ`, 'latin1');
      if (!(words[1] === main && words.includes(part) && environment.includes(`${cwd}/bin`))) continue;
      const parent = /^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${id}/status`, 'utf8'));
      return { id: Number(id), parent: Number(parent?.[1]) };
    } catch {
      // It has ended, or is not ours to look at.
    }
  }
  return undefined;
}
