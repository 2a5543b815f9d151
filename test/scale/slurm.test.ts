/** examples/slurm-extract.sh, run as Slurm runs it: a task at a time, then the report. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readStatistics } from '../../src/diagnostics/statistics-file.js';
import { expectSameStatistics, inOneGo, root, SIZES, shardsOf, tinyJob } from './tiny-job.js';

const script = join(root, 'examples/slurm-extract.sh');
const job = tinyJob();
const { cwd, file } = job;
const run = (task: number, args: string[] = [], more: NodeJS.ProcessEnv = {}) => {
  const settings = {
    MODEL: 'model.onnx',
    DATA: 'data.npz',
    OUT: 'out',
    OPTIONS: SIZES.join(' '),
    PARTS: '3',
  };
  const env = { ...job.env, ...settings, SLURM_ARRAY_TASK_ID: `${task}`, ...more };
  const { status, stderr, stdout } = spawnSync('bash', [script, ...args], { cwd, encoding: 'utf8', env });
  return { status, stderr, stdout };
};

describe('examples/slurm-extract.sh', () => {
  let wanted: Awaited<ReturnType<typeof inOneGo>>;
  beforeAll(async () => {
    wanted = await inOneGo(job);
  });

  it('says its directives before its commands, and divides by as many as there are tasks', () => {
    const text = readFileSync(script, 'utf8');
    const lines = text.split('\n');
    expect(lines[0]).toBe('#!/bin/bash');
    // sbatch reads no further than the first command.
    const lastDirective = lines.findLastIndex((line) => line.startsWith('#SBATCH'));
    expect(lastDirective).toBeLessThan(lines.findIndex((line) => line !== '' && !line.startsWith('#')));
    const array = /^#SBATCH --array=1-(\d+)$/m.exec(text)?.[1];
    expect(text).toContain(`PARTS=\${PARTS:-${array}}`);
  });

  it('makes what one process makes', { timeout: 120_000 }, async () => {
    for (const task of [3, 1]) expect(run(task)).toMatchObject({ status: 0 });
    const early = run(0, ['report']);
    expect([early.status, early.stderr]).toEqual([1, expect.stringMatching(/\(part 2 of 3\) are missing/)]);
    // As with --array=2: the count of this array is 1, that of the parts is not.
    expect(run(2, [], { SLURM_ARRAY_TASK_COUNT: '1' }).status).toBe(0);
    expect(run(0, ['report'])).toMatchObject({ status: 0, stderr: '' });
    expect(shardsOf(file('out/features'))).toEqual(wanted.shards);
    expectSameStatistics((await readStatistics(file('out/statistics.npz'))).statistics, wanted.statistics);
  });

  it('names what it was not told', () => {
    const { status, stderr } = run(1, [], { DATA: '' });
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(/DATA: the data source is needed: export DATA=/),
    ]);
  });
});
