/** Everything that a panel can ask for. */
import type { Engine } from '../engine/client.js';
import type { Sample } from '../sample/sample.js';
import type { Drafts, SearchSettings, SlotName, State } from '../state.js';
import type { Store } from '../store.js';
import { createInputs, type InputActions } from './inputs.js';
import { createLive, type LiveActions } from './live.js';
import { createOutcomes, type OutcomeActions } from './outcomes.js';
import { createContext } from './run.js';
import { takeSample } from './sample.js';

/** What the panels are given beside the state. */
export interface Actions
  extends Omit<InputActions, 'readModel' | 'readData'>,
    OutcomeActions,
    Pick<LiveActions, 'move'> {
  start(): Promise<void>;
  /** Model and features that come with the page. */
  loadSample(): Promise<void>;
  cancel(name: SlotName): void;
  /** What is typed into fields. */
  draft(change: Drafts): void;
  setSearch(change: Partial<SearchSettings>): void;
  setSkipMissing(skip: boolean): void;
  setUseGraphicsCard(use: boolean): void;
  /** Has assistive technology say something. */
  say(words: string): void;
}

/** What an engine and a page have to give. */
export interface ActionsOptions {
  readonly store: Store<State>;
  readonly engine: Engine;
  /** Gets the sample's files. */
  readonly sample: (options: { signal?: AbortSignal }) => Promise<Sample>;
  /** Brings the user to the result. */
  readonly showResult: () => void;
  /** Default requestAnimationFrame. */
  readonly frame?: (work: () => void) => void;
}

/** The actions of a page. */
export function createActions({ store, engine, sample, showResult, frame }: ActionsOptions): Actions {
  const context = createContext(store, engine);
  const live = createLive(context, frame);
  const outcomes = createOutcomes(context, live, showResult);
  const inputs = createInputs(context, live, outcomes.diagnose);
  return {
    ...inputs,
    ...outcomes,
    move: live.move,
    cancel: context.cancel,
    say: context.say,
    async start() {
      await context.run('engine', 'Loading onnxruntime', (options) => engine.call('start', {}, options));
    },
    loadSample: () => takeSample(context, inputs, sample),
    draft: (change) => store.set(({ drafts }) => ({ drafts: { ...drafts, ...change } })),
    setSearch: (change) => store.set(({ search }) => ({ search: { ...search, ...change } })),
    setSkipMissing: (skipMissing) => store.set({ skipMissing }),
    setUseGraphicsCard: (useGraphicsCard) => store.set({ useGraphicsCard }),
  };
}
