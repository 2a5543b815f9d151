/** Work that fills a slot: shown while it lasts, cancelled when it is not wanted any more, its failure kept where it belongs. */
import { TailorError } from '../../array/errors.js';
import { type CallOptions, type Engine, EngineError } from '../engine/client.js';
import type { Problem, Slot, SlotName, Slots, State } from '../state.js';
import type { Store } from '../store.js';

/** What is done with files before it is known what they are. */
export const LOOKING = 'Looking through the files';

/** Says more about a failure than its message does. */
export type HintOf = (problem: Problem) => string | undefined;

/** What all actions share. */
export interface Context {
  readonly store: Store<State>;
  readonly engine: Engine;
  /**
   * Works for a slot; what was going on there before is cancelled. Never rejects.
   * @returns what the slot holds now, undefined where it failed or was cancelled.
   */
  run<N extends SlotName>(
    name: N,
    what: string,
    work: (options: CallOptions) => Promise<Slots[N]>,
    hint?: HintOf,
  ): Promise<Slots[N] | undefined>;
  /** The same for work whose result is not what the slot holds: `work` has begun already. */
  look<T>(name: SlotName, what: string, work: Promise<T>): Promise<T | undefined>;
  /** Stops the work of a slot. */
  cancel(name: SlotName): void;
  /** Empties slots, and stops what was going on there. */
  clear(...names: readonly SlotName[]): void;
  /** Puts a failure into a slot that nothing was asked of the worker for. */
  refuse(name: SlotName, message: string, hint?: string): void;
  /** Has assistive technology say something. */
  say(words: string): void;
}

/** Actions of one page on one engine. */
export function createContext(store: Store<State>, engine: Engine): Context {
  const running = new Map<SlotName, AbortController>();

  const put = <N extends SlotName>(name: N, slot: Slot<Slots[N]>) =>
    store.set(({ slots }) => ({ slots: { ...slots, [name]: slot } }));

  function cancel(name: SlotName): void {
    if (!running.has(name)) return;
    running.get(name)?.abort();
    const { value } = store.state.slots[name];
    put(name, { value, busy: { what: 'Stopping' } } as Slot<never>);
  }

  /** Work that shows in a slot; what it leads to is for others to put there. */
  async function attempt<N extends SlotName, T>(
    name: N,
    what: string,
    work: (options: CallOptions) => Promise<T>,
    hint?: HintOf,
  ): Promise<T | undefined> {
    running.get(name)?.abort();
    const controller = new AbortController();
    running.set(name, controller);
    const { signal } = controller;
    const isCurrent = () => running.get(name) === controller;
    const { value } = store.state.slots[name] as Slot<Slots[N]>;
    put(name, { value, busy: { what } });
    try {
      const result = await work({
        signal,
        onProgress: (progress) => {
          if (isCurrent() && !signal.aborted) put(name, { value, busy: { what, progress } });
        },
      });
      if (!isCurrent()) return undefined;
      running.delete(name);
      put(name, { value });
      return signal.aborted ? undefined : result;
    } catch (error) {
      if (!isCurrent()) return undefined;
      running.delete(name);
      const problem = problemOf(error);
      const found = problem.code === 'ABORTED' ? undefined : { ...problem, hint: hint?.(problem) };
      put(name, { value, ...(found && { problem: found }) });
      return undefined;
    }
  }

  return {
    store,
    engine,
    cancel,

    look: (name, what, work) => attempt(name, what, () => work),

    async run(name, what, work, hint) {
      const result = await attempt(name, what, work, hint);
      if (result !== undefined) put(name, { value: result });
      return result;
    },

    clear(...names) {
      for (const name of names) {
        running.get(name)?.abort();
        running.delete(name);
      }
      store.set(({ slots }) => ({
        slots: { ...slots, ...Object.fromEntries(names.map((name) => [name, {}])) },
      }));
    },

    refuse(name, message, hint) {
      const { value } = store.state.slots[name];
      put(name, { value, problem: { code: 'INVALID_ARGUMENT', message, hint } } as Slot<never>);
    },

    say(words) {
      // The same words again are said again only if they differ.
      const { said } = store.state;
      store.set({ said: said === words ? `${words}\u00a0` : words });
    },
  };
}

/** A failure as the page shows it. */
export function problemOf(error: unknown): Problem {
  if (error instanceof EngineError || error instanceof TailorError) {
    return { code: error.code, message: error.message };
  }
  return { code: 'INTERNAL', message: error instanceof Error ? error.message : String(error) };
}
