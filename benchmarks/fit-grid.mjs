// Sixteen configurations side by side, and the same ones after each other.

import { fitSgd } from '../dist/head/fit-sgd.js';
import { syntheticFeatures } from './synthetic.mjs';
import { formatSeconds, markdownTable } from './table.mjs';
import { secondsOf, takeTurns } from './timing.mjs';

const EPOCHS = 3;
const CONFIGURATIONS = [0.003, 0.01, 0.03, 0.1].flatMap((learningRate) =>
  [0.001, 0.01, 0.03, 0.1].map((weightDecay) => ({
    ...{ learningRate, weightDecay, epochs: EPOCHS, loss: 'cb', maxNorm: { relative: 0.1 } },
  })),
);

/** @param {import('./fit.mjs').Bench} bench */
export async function benchGrid(bench) {
  const small = await syntheticFeatures({ classes: 10, dimensions: 64, largest: 4980 });
  const problems = [];
  for (const { data, init } of [bench, small]) problems.push(await benchProblem(bench, data, init));
  const table = markdownTable(
    [`(c) 16 configurations, ${EPOCHS} epochs`, 'side by side', 'one by one', 'ratio'],
    problems.map(({ samples, dimensions, classes, seconds, ratio }) => [
      `N = ${samples}, D = ${dimensions}, C = ${classes}`,
      formatSeconds(seconds.sideBySide.median),
      formatSeconds(seconds.oneByOne.median),
      ratio.toFixed(2),
    ]),
  );
  return { markdown: table, problems };
}

async function benchProblem({ ownThreads, quick }, data, init) {
  const run = { init, threads: ownThreads };
  const seconds = await takeTurns(
    {
      sideBySide: () => secondsOf(() => fitSgd(data, CONFIGURATIONS, run)),
      oneByOne: () =>
        secondsOf(async () => {
          for (const configuration of CONFIGURATIONS) await fitSgd(data, configuration, run);
        }),
    },
    { repetitions: quick ? 1 : 5, warmUp: !quick },
  );
  const [samples, dimensions] = data.features.shape;
  const ratio = seconds.oneByOne.median / seconds.sideBySide.median;
  return { samples, dimensions, classes: data.classes, seconds, ratio };
}
