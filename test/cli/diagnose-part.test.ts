/** `diagnose DIR --shard i/n`: statistics of the parts of a store, while it is made and after; merged, they are those of the whole. */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { readStatistics } from '../../src/diagnostics/statistics-file.js';
import { expectSameStatistics, inOneGo, SAMPLES, SIZES, tinyJob } from '../scale/tiny-job.js';
import { runCli, runJson } from './run-cli.js';

const job = tinyJob();
const { cwd, file } = job;
const model = ['--model', 'model.onnx'];
const extract = (...args: string[]) =>
  runJson(['extract', 'model.onnx', '--data', 'data.npz', ...SIZES, ...args], cwd);
const diagnose = (...args: string[]) => runJson(['diagnose', ...args], cwd);
const collect = (store: string, shard: string, to: string, ...more: string[]) =>
  diagnose(store, '--shard', shard, ...model, '--save-statistics', to, ...more);
const messageOf = ({ code, document }: ReturnType<typeof runJson>) => {
  expect(code).toBe(1);
  return (document.error as { message: string }).message;
};

let whole: Awaited<ReturnType<typeof inOneGo>>;
beforeAll(async () => {
  whole = await inOneGo(job);
  expect(extract('--out', 'parts/', '--shard', '1/3').code).toBe(0);
  expect(collect('parts/', '1/3', '1.npz').document).toEqual({
    name: 'parts/',
    samples: 1300,
    dimensions: 6,
    classes: 6,
    part: { index: 1, count: 3 },
    written: ['1.npz'],
  });
});

describe('statistics of parts', () => {
  it('are collected while others are missing, and merge to those of the whole', async () => {
    const missing = messageOf(collect('parts/', '2/3', '2.npz'));
    expect(missing).toBe(
      'Reading the feature store parts/: part 2 of 3 is missing. Run that task (extract --shard 2/3 --resume).',
    );
    expect(messageOf(diagnose('parts/', ...model))).toMatch(/of 3 parts 2, 3 are missing or unfinished/);
    for (const part of ['2', '3']) {
      extract('--out', 'parts/', '--shard', `${part}/3`);
      expect(collect('parts/', `${part}/3`, `${part}.npz`).code).toBe(0);
    }
    const files = ['1.npz', '2.npz', '3.npz'];
    const { document, code } = diagnose(
      '--from-statistics',
      ...files,
      ...model,
      '--save-statistics',
      'm.npz',
    );
    expect(code).toBe(0);
    // One name for the three.
    expect(document).toMatchObject({ name: 'parts/', samples: SAMPLES });
    const { statistics, pieces } = await readStatistics(file('m.npz'));
    expectSameStatistics(statistics, whole.statistics);
    expect(pieces?.map(({ from, to }) => [from, to])).toEqual([
      [0, 1300],
      [1300, 2600],
      [2600, 4000],
    ]);
  });

  it('are the same bytes again, and of a store that was made in one part', async () => {
    const bytes = readFileSync(file('1.npz'));
    expect(messageOf(collect('parts/', '1/3', '1.npz'))).toMatch(/it exists already.*--force/);
    expect(collect('parts/', '1/3', '1.npz', '--force').code).toBe(0);
    expect(readFileSync(file('1.npz'))).toEqual(bytes);
    expect(collect('one-go/', '1/3', 'o.npz').document).toMatchObject({ samples: 1300 });
    const [made, cut] = await Promise.all([readStatistics(file('1.npz')), readStatistics(file('o.npz'))]);
    expect(cut.statistics).toEqual(made.statistics);
  });

  it('of more parts than shards are those of no sample, and merge', async () => {
    expect(collect('one-go/', '1/50', 'none.npz').document).toMatchObject({ samples: 0 });
    const { code } = diagnose('--from-statistics', 'none.npz', 'one-go.npz', ...model);
    expect(code).toBe(0);
  });
});

describe('merging', () => {
  it('refuses parts that are missing, unless that is wanted', () => {
    for (const i of ['1', '2', '3', '4']) collect('one-go/', `${i}/4`, `q${i}.npz`);
    expect(messageOf(diagnose('--from-statistics', 'q1.npz', 'q3.npz', 'q4.npz', ...model))).toBe(
      'Merging statistics of features: 1000 of the 4000 samples of one-go/ (part 2 of 4) are missing, and figures of the others say ' +
        'little of the whole. Give the statistics of every part (diagnose FOLDER/ --shard i/n --save-statistics FILE), or take what is there (--incomplete).',
    );
    const { code, document, stderr } = diagnose(
      '--from-statistics',
      'q1.npz',
      'q4.npz',
      '--incomplete',
      ...model,
    );
    expect([code, document.samples]).toEqual([0, 2000]);
    expect(stderr).toMatch(/^Note: 2000 of the 4000 samples of one-go\/ \(parts 2, 3 of 4\) are missing/m);
  });

  it.each([
    ['q1.npz', 'q1.npz', /q1\.npz is of part 1 of 4 of one-go\/, and those samples are among/],
    [
      'q1.npz',
      'one-go.npz',
      /one-go\.npz is of all 4000 samples of one-go\/, which shares samples with part 1 of 4/,
    ],
    ['2.npz', 'q2.npz', /q2\.npz is of part 2 of 4 of one-go\/, which shares samples with part 2 of 3/],
  ])('refuses samples twice: %s and %s', (one, other, message) => {
    expect(messageOf(diagnose('--from-statistics', one, other, ...model))).toMatch(message);
  });
});

it.each([
  [['parts/', '--shard', '1/3'], /--shard only collects statistics, so it needs --save-statistics/],
  [
    ['parts/', 'one-go/', '--shard', '1/3', '--save-statistics', 'x.npz'],
    /--shard is of one folder of shards/,
  ],
  [
    ['parts/', '--shard', '1/3', '--save-statistics', 'x.npz', '--report', 'r.html'],
    /--report is for the diagnosis of the whole, from all statistics or of the folder/,
  ],
  [['parts/', '--shard', '0/3', '--save-statistics', 'x.npz'], /Part i of n is needed/],
  [['parts/', '--incomplete'], /--incomplete goes with --from-statistics/],
])('wrong usage: %s', (args, message) => {
  const { code, stderr } = runCli(['diagnose', ...args], cwd);
  expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
});

it('names what cannot be a part', () => {
  expect(extract('--out', 'half/', '--shard', '1/2').code).toBe(0);
  expect(messageOf(collect('half/', '1/3', 'x.npz'))).toMatch(
    /part 1 of 3 was asked for, and the folder holds parts of 2 that are not finished\. Finish the extraction first/,
  );
  expect(messageOf(collect('data.npz', '1/3', 'x.npz'))).toMatch(/data\.npz is no folder/);
  expect(messageOf(collect('bin', '1/3', 'x.npz'))).toMatch(/there is no manifest\.json/);
});
