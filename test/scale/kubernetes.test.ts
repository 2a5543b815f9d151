/** examples/kubernetes-extract.yaml: its jobs fit together, and their commands, run as a node runs them, make what one process makes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { readStatistics } from '../../src/diagnostics/statistics-file.js';
import { expectSameStatistics, inOneGo, root, runShell, SIZES, shardsOf, tinyJob } from './tiny-job.js';

interface Container {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
}
interface Job {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: Record<string, unknown> & {
    readonly template: {
      readonly spec: {
        readonly restartPolicy: string;
        readonly containers: readonly Container[];
        readonly volumes: readonly { readonly name: string }[];
      };
    };
  };
}

const documents = parseAllDocuments(readFileSync(join(root, 'examples/kubernetes-extract.yaml'), 'utf8'));
const [extraction, report] = documents.map((document) => document.toJS() as Job);
const containerOf = ({ spec }: Job) => spec.template.spec.containers[0];
const envOf = (job: Job) => Object.fromEntries(containerOf(job).env.map(({ name, value }) => [name, value]));

describe('examples/kubernetes-extract.yaml', () => {
  it('is two jobs that Kubernetes takes', () => {
    expect(documents.flatMap(({ errors, warnings }) => [...errors, ...warnings])).toEqual([]);
    expect(documents).toHaveLength(2);
    for (const job of [extraction, report]) {
      expect(job).toMatchObject({ apiVersion: 'batch/v1', kind: 'Job' });
      const { containers, volumes, restartPolicy } = job.spec.template.spec;
      // What backoffLimitPerIndex demands.
      expect(restartPolicy).toBe('Never');
      expect(containers).toHaveLength(1);
      expect(containerOf(job).volumeMounts.map(({ name }) => name)).toEqual(volumes.map(({ name }) => name));
    }
    expect(containerOf(report).image).toBe(containerOf(extraction).image);
  });

  it('has a pod for each part, tries parts again one by one, and not where the command is wrong', () => {
    const { spec } = extraction;
    expect(spec).toMatchObject({ completionMode: 'Indexed', backoffLimitPerIndex: expect.any(Number) });
    expect(envOf(extraction).PARTS).toBe(`${spec.completions}`);
    expect(spec.podFailurePolicy).toMatchObject({
      rules: [
        { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
        { action: 'FailJob', onExitCodes: { containerName: containerOf(extraction).name, values: [2] } },
      ],
    });
    // Nothing but that of the extraction is in the way of the report.
    expect(report.spec.suspend).toBe(true);
    expect(envOf(report)).toEqual({ MODEL: envOf(extraction).MODEL, OUT: envOf(extraction).OUT });
  });
});

describe('the commands of its pods', () => {
  const PARTS = 3;
  const job = tinyJob();
  const { file } = job;
  /** What a pod is told, with paths of this test. */
  const envOfPod = (index: number) => ({
    ...envOf(extraction),
    PARTS: `${PARTS}`,
    ...{ MODEL: 'model.onnx', DATA: 'data.npz', OUT: 'out put' },
    OPTIONS: SIZES.join(' '),
    JOB_COMPLETION_INDEX: `${index}`,
  });
  const runPod = (pod: Job, env: Record<string, string>) => {
    const [shell, flags, script, ...more] = containerOf(pod).command;
    expect([shell, flags, more]).toEqual(['sh', '-euc', []]);
    return runShell(`set -eu\n${script}`, job, env);
  };
  const statisticsFiles = () =>
    readdirSync(file('out put/statistics')).map((name) => readFileSync(file(`out put/statistics/${name}`)));
  let wanted: Awaited<ReturnType<typeof inOneGo>>;
  beforeAll(async () => {
    wanted = await inOneGo(job);
  });

  it('make what one process makes, though a pod is killed and tried again', {
    timeout: 120_000,
  }, async () => {
    await killPod(1);
    const early = runPod(report, envOfPod(0));
    expect([early.status, early.stderr]).toEqual([1, expect.stringMatching(/part-\*\.npz/)]);
    for (const index of [1, 0, 2]) {
      const { status, stdout, stderr } = runPod(extraction, envOfPod(index));
      expect([status, stderr]).toEqual([0, expect.stringContaining('done')]);
      expect(stdout).toMatch(new RegExp(`Part ${index + 1} of 3: .*${index === 1 ? 'already' : ''}`));
      if (index !== 0) continue;
      const some = runPod(report, envOfPod(0));
      expect([some.status, some.stderr]).toEqual([1, expect.stringMatching(/\(part 3 of 3\) are missing/)]);
    }
    // A pod that ended without Kubernetes seeing it: all again, and nothing changes.
    const before = statisticsFiles();
    expect(runPod(extraction, envOfPod(1)).status).toBe(0);
    expect(statisticsFiles()).toEqual(before);
    const { status, stderr } = runPod(report, envOfPod(0));
    expect([status, stderr]).toEqual([0, '']);
    expect(shardsOf(file('out put/features'))).toEqual(wanted.shards);
    expectSameStatistics(
      (await readStatistics(file('out put/statistics.npz'))).statistics,
      wanted.statistics,
    );
    expect(readFileSync(file('out put/report.html'), 'utf8')).toContain('Diagnosis of model.onnx');
  });

  it('end with 2 where the command is wrong, so that the job fails at once', () => {
    expect(runPod(extraction, { ...envOfPod(0), OPTIONS: '--btach 4' }).status).toBe(2);
    expect(runPod(extraction, { ...envOfPod(7) }).status).toBe(2);
  });

  /** Starts a pod and ends all of its processes when some of its shards are there. */
  async function killPod(index: number): Promise<void> {
    const manifest = file(`out put/features/manifest-${index + 1}-of-${PARTS}.json`);
    const env = { ...job.env, ...envOfPod(index) };
    const [shell, ...args] = containerOf(extraction).command;
    const pod = spawn(shell, args, { cwd: job.cwd, env, detached: true, stdio: 'ignore' });
    const closed = once(pod, 'close');
    const rows = () =>
      existsSync(manifest) ? (JSON.parse(readFileSync(manifest, 'utf8')) as { rows: number }).rows : 0;
    while (rows() < 300 && pod.exitCode === null) await sleep(2);
    process.kill(-pod.pid!, 'SIGKILL');
    expect(await closed).toEqual([null, 'SIGKILL']);
    expect(JSON.parse(readFileSync(manifest, 'utf8'))).toMatchObject({ complete: false });
  }
});
