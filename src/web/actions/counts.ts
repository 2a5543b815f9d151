/** Training samples by class. */
import type { GroupThresholds } from '../../evaluation/groups.js';
import { figure } from '../../report/words.js';
import type { CallOptions } from '../engine/client.js';
import type { CountsFacts, CountsSource } from '../engine/protocol.js';
import type { Given } from '../files/dropped.js';
import { countsFile, isRefusal } from '../files/sort-files.js';
import { headOf } from '../state.js';
import { originWords } from '../words.js';
import type { LiveActions } from './live.js';
import { type Context, LOOKING } from './run.js';

export interface CountsActions {
  setCounts(source: CountsSource): Promise<void>;
  setCountsFile(given: Given): Promise<void>;
  setThresholds(thresholds: GroupThresholds | null): Promise<void>;
}

/** `diagnose` is called when there is something new to look at. */
export function createCounts(
  { store, engine, run, look, clear, refuse, say }: Context,
  live: LiveActions,
  diagnose: () => Promise<void>,
): CountsActions {
  async function put(what: string, work: (options: CallOptions) => Promise<CountsFacts>): Promise<boolean> {
    const facts = await run('counts', what, work);
    if (!facts) return false;
    clear('search', 'made', 'report', 'temperature');
    say(
      `Training samples by class set, ${originWords(facts.from)}. Imbalance ${figure(facts.imbalanceFactor)}.`,
    );
    live.refresh();
    return true;
  }

  async function setCounts(source: CountsSource): Promise<void> {
    if (!headOf(store.state)) {
      refuse('counts', 'There is no model yet whose classes these could be.', 'Open a model first, under 1.');
      return;
    }
    const isSet = await put('Reading class counts', (options) =>
      engine.call('setCounts', { source }, options),
    );
    if (!isSet) return;
    // The losses of fitted heads were weighted by the counts before.
    store.set({ fits: [] });
    await diagnose();
  }

  return {
    setCounts,

    async setCountsFile(given) {
      const found = await look('counts', LOOKING, Promise.resolve(given));
      if (!found?.length) return;
      const file = countsFile(found);
      if (isRefusal(file)) refuse('counts', file.refused, file.hint);
      else await setCounts({ kind: 'file', file });
    },

    async setThresholds(thresholds) {
      const isSet = await put('Grouping the classes', (options) =>
        engine.call('setThresholds', { thresholds }, options),
      );
      if (isSet) await diagnose();
    },
  };
}
