/** What the page does with it: diagnose, fit, choose, make. */
import type { FitConfiguration } from '../../head/fit-configuration.js';
import { percent, points } from '../../report/words.js';
import { adjustChoiceOf, searchChoiceOf, slidersOf } from '../choices.js';
import type { Choice, MadeModel, Verbs } from '../engine/protocol.js';
import type { SearchSettings } from '../state.js';
import { makeHint } from './hints.js';
import type { LiveActions } from './live.js';
import type { Context } from './run.js';

/** Actions whose work is done by the library. */
export interface OutcomeActions {
  /** Of training and validation features, as far as they are there; nothing without counts. */
  diagnose(): Promise<void>;
  fit(configuration: FitConfiguration): Promise<void>;
  /** Sets the temperature slider to the T that validation asks for. */
  fitTemperature(): Promise<void>;
  /** Chooses, and makes what was chosen; `change` for this time and those to come. */
  search(change?: Partial<SearchSettings>): Promise<void>;
  /** Makes the model that the sliders describe. */
  makeAdjusted(): Promise<void>;
  /** Makes the model with a fitted head. */
  makeFitted(fit: number): Promise<void>;
}

/** `showResult` brings the user to the last panel. */
export function createOutcomes(context: Context, live: LiveActions, showResult: () => void): OutcomeActions {
  const { store, engine, run, clear, say } = context;

  async function report(): Promise<void> {
    await run('report', 'Writing the report', (options) => engine.call('report', {}, options));
  }

  function make(choice: Choice): Verbs['make']['request'] {
    return { choice, missing: store.state.skipMissing ? 'skip' : 'error' };
  }

  async function makeChoice(choice: Choice): Promise<void> {
    clear('search', 'report', 'made');
    const made = run(
      'made',
      'Making and proving the model',
      (options) => engine.call('make', make(choice), options),
      makeHint,
    );
    showResult();
    const found = await made;
    if (!found) return;
    say(sentenceOf(found));
    await report();
  }

  return {
    async diagnose() {
      clear('diagnosis');
      const { counts, validation, train } = store.state.slots;
      if (!counts.value || !(validation.value || train.value)) return;
      const request: Verbs['diagnose']['request'] =
        train.value && validation.value
          ? { role: 'train', second: 'validation' }
          : { role: train.value ? 'train' : 'validation' };
      const found = await run('diagnosis', 'Looking at the features', (options) =>
        engine.call('diagnose', request, options),
      );
      if (found) say(`Diagnosis ready: ${found.advice.length} findings.`);
    },

    async fit(configuration) {
      const found = await run('fit', `Fitting ${configuration.method}`, (options) =>
        engine.call('fit', { configuration }, options),
      );
      if (!found) return;
      store.set(({ fits }) => ({ fits: [...fits, found] }));
      const average = found.validation?.average;
      say(
        `${found.method} fitted${average === undefined ? '' : `: average ${percent(average)} on validation`}.`,
      );
    },

    async fitTemperature() {
      const choice = { ...adjustChoiceOf(store.state), temperature: 'fit' as const };
      const temperature = await run('temperature', 'Fitting a temperature', (options) =>
        engine.call('temperature', { choice }, options),
      );
      if (temperature !== undefined) live.move({ temperature });
    },

    async search(change) {
      clear('made', 'report');
      store.set(({ search }) => ({ search: { ...search, ...change } }));
      const found = await run(
        'search',
        'Choosing on validation',
        async (options) => {
          const made = await engine.call('make', make(searchChoiceOf(store.state)), options);
          return { made, selection: made.selection! };
        },
        makeHint,
      );
      if (!found) return;
      live.move(slidersOf(store.state.sliders, found.made));
      await run('made', 'Making and proving the model', async () => found.made);
      say(sentenceOf(found.made));
      await report();
    },

    makeAdjusted: () => makeChoice(adjustChoiceOf(store.state)),
    makeFitted: (fit) => makeChoice({ kind: 'fitted', fit }),
  };
}

function sentenceOf({ kept, before, after, test, improvement, method }: MadeModel): string {
  if (kept) return 'Nothing was better beyond noise: the original head was kept.';
  const [name, a, b] = test
    ? ['test', test.before.average, test.after.average]
    : ['validation', before.average, after.average];
  return `Model made with ${method}. Average accuracy on ${name} ${percent(a)} to ${percent(b)}, improvement ${points(improvement.average)} points.`;
}
