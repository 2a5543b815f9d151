/**
 * A selection, drawn from a seed, of what `npm run faults` does with every verb that writes: the process is killed, or the disk says no,
 * at calls of a real run. After each the target is the old file or the complete new one, and the next run does what was asked for.
 */
import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CASES } from '../../faults/cases.mjs';
import { Bench, runCommand } from '../../faults/harness.mjs';
import { systematic } from '../../faults/plan.mjs';
import { createRandom } from '../../src/array/random.js';

type Case = ConstructorParameters<typeof Bench>[0];
type Planned = ReturnType<typeof systematic>[number];

const cases = CASES as unknown as Case[];
const SEED = 20_261_124;
/** Faults of each kind. */
const DRAWN = 1;

/** The last step, at which old becomes new, and as many others as asked for. */
function draw(planned: readonly Planned[], random: () => number): Planned[] {
  const last = planned.findLast(({ name }) => / (rename|link) /.test(name));
  const rest = planned.filter((one) => one !== last);
  const drawn = Array.from({ length: DRAWN }, () => rest[Math.floor(random() * rest.length)]);
  return [...(last ? [last] : []), ...drawn].filter(Boolean);
}

describe('a run that is disturbed', () => {
  it.concurrent.each(cases.filter(({ short }) => short).map((one) => [one.name, one] as const))(
    '%s',
    async (name, one) => {
      const bench = new Bench(one);
      try {
        await bench.undisturbed();
        const calls = { writes: await bench.calls('writes'), all: await bench.calls('all') };
        const planned = systematic(calls, { seed: SEED });
        const kinds = [...new Set(planned.map(({ kind }) => kind))];
        expect(kinds).toEqual(expect.arrayContaining(['kill', 'error', 'error from there on', 'signal']));
        const random = createRandom(SEED + name.length);
        const chosen = ['kill', 'kill in a write', 'short write', 'error'].flatMap((kind) =>
          draw(
            planned.filter((fault) => fault.kind === kind),
            random,
          ),
        );
        for (const { name: fault, fault: how } of chosen) {
          const { lost } = await bench.survive({ fault: how });
          expect(lost, fault).toEqual([]);
        }
      } finally {
        bench.close();
      }
    },
  );
});

describe('a run whose file is written', () => {
  it.each(['open', 'file.readFile', 'file.close', 'rm'])(
    'is done, whatever becomes of its lock: %s fails',
    async (call) => {
      const bench = new Bench(cases.find((one) => one.name === 'graft') as Case);
      try {
        await bench.undisturbed();
        const at = (await bench.calls('all')).lastIndexOf(`${call} .out.onnx.lock`) + 1;
        expect(at).toBeGreaterThan(0);
        const fault = { of: 'all', at, how: 'fail', error: 'EIO' };
        expect(await bench.survive({ fault })).toMatchObject({ code: 0, state: 'new', lost: [] });
      } finally {
        bench.close();
      }
    },
  );
});

describe('a store', () => {
  it.each([
    [
      'whose lock cannot be read is not gone on with, in words',
      /^open store\/\.manifest\.json\.lock$/,
      1,
      'unfinished',
    ],
    [
      'whose temporary file cannot be removed is done, and the next run removes it',
      /^rm store\/\.shard-.*\.tmp$/,
      0,
      'new',
    ],
  ])('%s', async (_, call, code, state) => {
    const bench = new Bench(cases.find((one) => one.name === 'extract to a store') as Case);
    try {
      await bench.undisturbed();
      const calls = await bench.calls('all');
      const last = calls.findLastIndex((one) => call.test(one));
      // The very last time that its lock is read, it is given back.
      const at = code === 0 ? last : calls.findLastIndex((one, i) => i < last && call.test(one));
      const fault = { of: 'all', at: at + 1, how: 'fail', error: 'EIO' };
      expect(await bench.survive({ fault })).toMatchObject({ code, state, lost: [] });
    } finally {
      bench.close();
    }
  });
});

describe('a run that was killed behind its last step', () => {
  it.each([
    ['graft to another folder', /^link sub\/\.external\.onnx\.data\..*\.tmp$/],
    ['graft in place', /^link \.external\.onnx\.head-.*\.data\..*\.tmp$/],
    ['extract to a store', /^rename store\/\.manifest\.json\..*\.tmp$/],
  ])(
    'has left what goes with the next one, though that has nothing to write there: %s',
    async (name, call) => {
      const bench = new Bench(cases.find((one) => one.name === name) as Case);
      try {
        await bench.undisturbed();
        const at = (await bench.calls('writes')).findLastIndex((one) => call.test(one)) + 1;
        expect(at).toBeGreaterThan(0);
        const fault = { of: 'writes', at, how: 'kill' };
        expect(await bench.survive({ fault })).toMatchObject({ signal: 'SIGKILL', lost: [] });
      } finally {
        bench.close();
      }
    },
  );
});

describe('what is looked at', () => {
  const [graft, external] = ['graft', 'graft with external data'].map(
    (name) => cases.find((one) => one.name === name) as Case,
  );

  it('tells an old file, a new one, and neither', async () => {
    const bench = new Bench(graft);
    try {
      await bench.undisturbed();
      const folder = bench.fresh();
      expect(bench.look(folder)).toEqual({ state: 'old', lost: [] });
      await runCommand(graft.args, folder);
      expect(bench.look(folder)).toEqual({ state: 'new', lost: [] });
      writeFileSync(join(folder, 'out.onnx'), 'half');
      expect(bench.look(folder).lost).toEqual(['out.onnx is neither old nor new']);
      rmSync(join(folder, 'head.npz'));
      writeFileSync(join(folder, 'more'), '');
      expect(bench.look(folder).lost).toEqual(
        expect.arrayContaining(['head.npz was changed', 'more was changed']),
      );
    } finally {
      bench.close();
    }
  });

  it('tells a model without its data', async () => {
    const bench = new Bench(external);
    try {
      await bench.undisturbed();
      const folder = bench.fresh();
      await runCommand(external.args, folder);
      expect(bench.look(folder)).toEqual({ state: 'new', lost: [] });
      const data = [...bench.after.keys()].find((name) => /\.head-.*\.data$/.test(name)) as string;
      rmSync(join(folder, data));
      expect(bench.look(folder).lost).toEqual([`out.onnx is new, but ${data} is not`]);
    } finally {
      bench.close();
    }
  });

  it.skipIf(process.platform === 'win32')(
    'tells what a run that was killed inside a write has left',
    async () => {
      const bench = new Bench(graft);
      try {
        await bench.undisturbed();
        const writes = await bench.calls('writes');
        const at = writes.findLastIndex((call) => /^write.*\.tmp$/.test(call)) + 1;
        expect(at).toBeGreaterThan(0);
        const folder = bench.fresh();
        const run = await runCommand(graft.args, folder, { fault: { of: 'writes', at, how: 'half' } });
        expect(run.signal).toBe('SIGKILL');
        expect(bench.look(folder)).toEqual({ state: 'old', lost: [] });
        // A program that wrote to the target itself would have left this.
        rmSync(join(folder, 'out.onnx'));
        symlinkSync('head.npz', join(folder, 'out.onnx'));
        expect(bench.look(folder).lost).toHaveLength(1);
      } finally {
        bench.close();
      }
    },
  );
});
