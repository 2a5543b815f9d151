/** What follows the sliders: evaluated in the page itself, so that it is there before the hand has moved on. */
import { GROUPS } from '../../evaluation/groups.js';
import { percent } from '../../report/words.js';
import { liveSettingsOf, targetPriorOf } from '../choices.js';
import type { LiveData } from '../engine/protocol.js';
import type { LiveCalibration } from '../live/calibration.js';
import { type LiveAccuracies, type LiveEvaluator, liveEvaluator } from '../live/evaluator.js';
import type { LiveSettings } from '../live/settings.js';
import { headOf, type Live, type Sliders, type State } from '../state.js';
import { type Context, problemOf } from './run.js';
import { inSlices } from './slices.js';

/** Logits up to which the calibration is computed on every move; of more once the slider rests. */
const CHEAP = 250_000;
/** The slider rests when it has not moved for so long, ms. */
const REST = 200;

/** The parameters of the curve: those that the automatic choice tries, every other one. */
const CURVE: readonly number[] = Array.from({ length: 21 }, (_, i) => i / 10);

/** Live evaluation of one page. */
export interface LiveActions {
  /** Gets the logits of validation; for a new validation set. */
  load(): Promise<void>;
  /** Evaluates everything again; for other counts. */
  refresh(): void;
  /** Moves sliders. */
  move(change: Partial<Sliders>): void;
}

/** `frame` calls back before the next picture is drawn. */
export function createLive(
  { store, engine, say }: Context,
  frame: (work: () => void) => void = requestAnimationFrame,
): LiveActions {
  let data: LiveData | undefined;
  let evaluator: LiveEvaluator | undefined;
  let isWaiting = false;
  let resting: ReturnType<typeof setTimeout> | undefined;
  let loads = 0;

  const put = (change: Partial<Live>) => store.set(({ live }) => ({ live: { ...live, ...change } }));

  /** The head as it was, under the target prior of the sliders. */
  const original = (): LiveSettings => ({
    method: 'none',
    parameter: 0,
    targetPrior: targetPriorOf(store.state),
  });

  function evaluateMove(): void {
    isWaiting = false;
    if (!data || !evaluator) return;
    const settings = liveSettingsOf(store.state);
    try {
      const isCheap = data.logits.length <= CHEAP;
      put({
        after: isCheap ? evaluator.evaluate(settings) : evaluator.accuracies(settings),
        problem: undefined,
      });
    } catch (error) {
      put({ after: undefined, problem: problemOf(error) });
    }
    clearTimeout(resting);
    resting = setTimeout(rest, REST);
  }

  /** What would take too long on every move. Each part stops when something moves. */
  async function rest(): Promise<void> {
    const own = evaluator;
    const { sliders, live } = store.state;
    if (!own || !live.after) return;
    const isMoved = () => own !== evaluator || sliders !== store.state.sliders;
    if (live.after.ece === undefined) {
      const found = await inSlices(own.calibrationSteps(liveSettingsOf(store.state)), isMoved);
      if (!found) return;
      put({ after: { ...live.after, ...found } });
    }
    const settings = liveSettingsOf(store.state);
    const key = curveKey(settings);
    if (store.state.live.curve?.key === key) return;
    const points = await inSlices(curveSteps(own, settings), isMoved);
    if (points) put({ curve: { key, points } });
  }

  function refresh(): void {
    const counts = store.state.slots.counts.value;
    const own = data && liveEvaluator(data, counts);
    evaluator = own;
    if (!own) {
      store.set({ live: {} });
      return;
    }
    const before = own.accuracies(original());
    store.set({ live: { before } });
    inSlices<LiveCalibration>(own.calibrationSteps(original()), () => own !== evaluator).then((found) => {
      const { live } = store.state;
      if (found && live.before) put({ before: { ...live.before, ...found } });
    });
    // Without counts there is nothing to adjust by.
    if (counts) evaluateMove();
  }

  return {
    refresh,

    async load() {
      const own = ++loads;
      data = undefined;
      refresh();
      if (!store.state.slots.validation.value || !headOf(store.state)) return;
      try {
        const found = await engine.call('logits', { role: 'validation' });
        if (own !== loads) return;
        data = found;
        refresh();
      } catch (error) {
        if (own === loads) put({ problem: problemOf(error) });
      }
    },

    move(change) {
      store.set(({ sliders }) => ({ sliders: { ...sliders, ...change } }));
      const { before } = store.state.live;
      if (evaluator && before && ('priorExponent' in change || 'ownPrior' in change)) {
        put({ before: { ...before, ...evaluator.accuracies(original()) } });
      }
      if (isWaiting) return;
      isWaiting = true;
      frame(() => {
        evaluateMove();
        clearTimeout(resting);
        resting = setTimeout(() => {
          say(sentenceOf(store.state));
          rest();
        }, REST);
      });
    },
  };
}

function* curveSteps(evaluator: LiveEvaluator, settings: LiveSettings) {
  const points: { parameter: number; figures: LiveAccuracies }[] = [];
  for (const parameter of CURVE) {
    try {
      // A temperature moves no answer.
      points.push({ parameter, figures: evaluator.accuracies({ ...settings, parameter, temperature: 1 }) });
    } catch {
      // Beyond the numbers that there are: the curve ends here.
      return points;
    }
    yield;
  }
  return points;
}

function curveKey({ method, convention, targetPrior }: LiveSettings): string {
  return JSON.stringify([method, convention, targetPrior]);
}

/** 'Average 71.2 %, many 71.4 %, medium 70.3 %, few 72.0 %.' */
function sentenceOf({ live: { after, problem } }: State): string {
  if (!after) return problem?.message ?? '';
  const groups = GROUPS.filter((group) => after[group] !== undefined);
  return `Average ${percent(after.average)}, ${groups.map((group) => `${group} ${percent(after[group])}`).join(', ')}.`;
}
