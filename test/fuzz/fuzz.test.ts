/** What fuzzing has found stays found, and a bounded number of new cases is tried: see `npm run fuzz`. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { runCampaign } from '../../fuzz/campaign.mjs';
import { Child } from '../../fuzz/child.mjs';
import { messageFault, terminalFault } from '../../fuzz/faults.mjs';
import { KINDS } from '../../fuzz/kinds/index.mjs';

interface Kept {
  readonly name: string;
  readonly kind: keyof typeof KINDS;
  /** What it is used for is drawn, too. */
  readonly seed: number;
  readonly number: number;
  readonly main: string;
  readonly files: readonly string[];
  /** What it did when it was found. */
  readonly was: string;
  /** 'accepted', or 'refused' and the code. */
  readonly is: string;
}

const corpus = join(import.meta.dirname, '../../fuzz/corpus');
const kept = JSON.parse(readFileSync(join(corpus, 'index.json'), 'utf8')) as Kept[];

/** Cases of each kind: those of which a thousand take long are fewer. */
const CASES: Readonly<Record<string, number>> = {
  onnx: 150,
  npz: 400,
  safetensors: 400,
  parquet: 250,
  csv: 300,
  json: 400,
  pictures: 150,
};

describe('the corpus', () => {
  const child = new Child();
  afterAll(() => child.close());

  it.each(kept.map((one) => [one.name, one] as const))(
    '%s',
    async (_, { name, kind, seed, number, main, files, is }) => {
      const read = files.map((file) => [file, readFileSync(join(corpus, name, file))] as const);
      const answer = await child.ask({
        kind,
        seed,
        number,
        kept: { files: Object.fromEntries(read), main },
      });
      expect(answer.fault).toBeUndefined();
      expect(answer.outcome === 'refused' ? `refused ${answer.detail}` : answer.outcome).toBe(is);
    },
  );

  it('has nothing but what its index names', () => {
    const folders = readdirSync(corpus).filter((name) => name !== 'index.json');
    expect(folders.sort()).toEqual(kept.map(({ name }) => name).sort());
    for (const { name, files } of kept) {
      const found = readdirSync(join(corpus, name), { recursive: true, withFileTypes: true });
      expect(found.filter((entry) => entry.isFile()).length, name).toBe(files.length);
    }
  });
});

describe('new cases', () => {
  it.each(Object.keys(KINDS))('of %s', async (kind) => {
    const cases = CASES[kind];
    const { failures, accepted, refused, commands } = await runCampaign({
      ...{ kind, seed: 1, cases, commandEvery: Math.floor(cases / 2) },
    });
    expect(failures).toEqual([]);
    // Cases that are all refused, or all taken, try nothing.
    expect(accepted).toBeGreaterThan(0);
    expect(Object.keys(refused).length).toBeGreaterThan(1);
    expect(commands).toBe(2);
  });
});

describe('a case fails', () => {
  it.each([
    ['hangs', 'no answer after'],
    ['dies', 'the process ended'],
    ['throws what is no TailorError', 'not a TailorError'],
    ['shows a stack trace', 'a stack trace'],
    ['leaves a file behind an error', 'left out.onnx'],
    ['takes too much memory', 'took'],
  ])('that %s', async (what, fault) => {
    const child = new Child();
    try {
      const answer = await child.ask({ fault: what });
      expect(answer).toMatchObject({ outcome: 'failed', fault: expect.stringContaining(fault) });
    } finally {
      await child.close();
    }
  });

  it('that speaks as programs do, or to the terminal', () => {
    expect(messageFault("Reading x: Cannot read properties of null (reading 'y').")).toMatch(/program/);
    expect(messageFault('x'.repeat(10_000))).toMatch(/10000 characters/);
    expect(messageFault('Reading x: it is empty. Give another file.')).toBeUndefined();
    expect(terminalFault('a\u001b[2Jb')).toMatch(/control character/);
    expect(terminalFault('a\tb\n')).toBeUndefined();
  });
});
