/** Everything that the page shows follows from this. */
import type { MultiplicativeConvention } from '../head/adjust.js';
import type { GridMethod } from '../head/candidates.js';
import type {
  CountsFacts,
  DataFacts,
  DiagnosisResult,
  EngineFacts,
  ErrorFacts,
  FileInput,
  FitResult,
  MadeModel,
  ModelFacts,
  Progress,
  ReportResult,
  Role,
  SelectionFacts,
} from './engine/protocol.js';
import type { LiveCalibration } from './live/calibration.js';
import type { LiveAccuracies } from './live/evaluator.js';
import type { Sample } from './sample/sample.js';

/** A failure, and what the page itself has to say about it. */
export interface Problem extends ErrorFacts {
  /** What to do next, where the page knows it better than the message. */
  readonly hint?: string;
}

/** Something that takes time. */
export interface Busy {
  /** What is being done, e.g. 'Reading val.npz'. */
  readonly what: string;
  readonly progress?: Progress;
}

/** A thing that is empty, being made, there, or could not be made; an older one stays while a new one is being made. */
export interface Slot<T> {
  readonly value?: T;
  readonly busy?: Busy;
  readonly problem?: Problem;
}

/** A model, with the files that it was opened from so that it can be opened again with other settings. */
export interface OpenedModel {
  readonly facts: ModelFacts;
  readonly file: FileInput;
  readonly sideFiles: readonly FileInput[];
}

/** What the automatic choice came to. */
export interface SearchOutcome {
  readonly made: MadeModel;
  readonly selection: SelectionFacts;
}

/** What each slot holds. */
export interface Slots {
  readonly engine: EngineFacts;
  /** The one-click sample. */
  readonly sample: Sample;
  readonly model: OpenedModel;
  readonly counts: CountsFacts;
  readonly validation: DataFacts;
  readonly train: DataFacts;
  readonly test: DataFacts;
  readonly diagnosis: DiagnosisResult;
  /** T that was fitted on validation, for the settings that the sliders had. */
  readonly temperature: number;
  readonly fit: FitResult;
  readonly search: SearchOutcome;
  readonly made: MadeModel;
  readonly report: ReportResult;
}

/** Name of a slot. */
export type SlotName = keyof Slots;

/** Where the sliders stand. */
export interface Sliders {
  readonly method: GridMethod;
  /** τ or γ of each method: each keeps its own. */
  readonly parameters: Readonly<Record<GridMethod, number>>;
  readonly convention: MultiplicativeConvention;
  readonly temperature: number;
  /** From 0, every class alike, to 1, as often as in training; see priorBetween. */
  readonly priorExponent: number;
  /** Frequencies that were typed, instead of the exponent. */
  readonly ownPrior?: readonly number[];
}

/** What a set of sliders comes to on validation. */
export interface LiveFigures extends LiveAccuracies, Partial<LiveCalibration> {}

/** Accuracies over the range of the parameter, everything else as the sliders stand. */
export interface Curve {
  /** Which method, convention and prior it is of. */
  readonly key: string;
  readonly points: readonly { readonly parameter: number; readonly figures: LiveAccuracies }[];
}

/** What follows the sliders. */
export interface Live {
  /** The original head. */
  readonly before?: LiveFigures;
  readonly after?: LiveFigures;
  readonly curve?: Curve;
  /** Settings that cannot be evaluated. */
  readonly problem?: Problem;
}

/** Settings of the automatic choice. */
export interface SearchSettings {
  /** Keep the original head unless the gain is beyond noise. */
  readonly cautious: boolean;
  readonly fitTemperature: boolean;
  /** Fitted heads compete, where there are training features. */
  readonly fitted: boolean;
}

/** What is typed into fields, by the name of the field. */
export type Drafts = Readonly<Record<string, string>>;

/** The whole state. */
export interface State {
  readonly slots: { readonly [N in SlotName]: Slot<Slots[N]> };
  readonly sliders: Sliders;
  readonly live: Live;
  readonly search: SearchSettings;
  /** Fitted heads, the newest last. */
  readonly fits: readonly FitResult[];
  /** Average over the other classes where some have no validation sample, rather than refuse. */
  readonly skipMissing: boolean;
  /** Run pictures on the graphics card. */
  readonly useGraphicsCard: boolean;
  readonly drafts: Drafts;
  /** What assistive technology is to say next. */
  readonly said: string;
}

/** The roles of data, in the order in which the page asks for them. */
export const ROLES: readonly Role[] = ['validation', 'train', 'test'];

/** Where the sliders stand at first: at 0, the original head. */
export const INITIAL_SLIDERS: Sliders = {
  method: 'additive',
  parameters: { additive: 0, multiplicative: 0, 'tau-norm': 0 },
  convention: 'published-code',
  temperature: 1,
  priorExponent: 0,
};

/** An empty page. */
export function initialState(): State {
  return {
    slots: {
      engine: {},
      sample: {},
      model: {},
      counts: {},
      validation: {},
      train: {},
      test: {},
      diagnosis: {},
      temperature: {},
      fit: {},
      search: {},
      made: {},
      report: {},
    },
    sliders: INITIAL_SLIDERS,
    live: {},
    search: { cautious: true, fitTemperature: false, fitted: true },
    fits: [],
    skipMissing: false,
    useGraphicsCard: false,
    drafts: {},
    said: '',
  };
}

/** Facts of the model's head, where there is one that can be used. */
export function headOf({ slots }: State) {
  return slots.model.value?.facts.head ?? undefined;
}

/** Whether there is a graphics card to run on: software that acts as one is slower than the processor as it is. */
export function hasGraphicsCard({ slots }: State): boolean {
  const found = slots.engine.value?.devices.find(({ device }) => device === 'webgpu');
  return Boolean(found?.available && !found.software);
}

/** Names of the classes, where known: those of the model, else those of the data. */
export function classNamesOf({ slots }: State): readonly string[] | undefined {
  return (
    slots.model.value?.facts.classNames ??
    slots.validation.value?.classNames ??
    slots.train.value?.classNames ??
    slots.test.value?.classNames
  );
}

/** Something that is not there yet, and the step that it belongs to. */
export interface Lack {
  readonly what: 'model' | 'validation' | 'counts';
  readonly words: string;
  /** Of the step. */
  readonly id: 'model' | 'data';
}

/** What adjusting and choosing still need. */
export function lacksOf(state: State): Lack[] {
  const { slots } = state;
  const lacks: Lack[] = [];
  if (!headOf(state)) {
    const words = slots.model.value ? 'a head that can be used' : 'a model';
    lacks.push({ what: 'model', words, id: 'model' });
  }
  if (!slots.validation.value) lacks.push({ what: 'validation', words: 'validation data', id: 'data' });
  if (!slots.counts.value) lacks.push({ what: 'counts', words: 'the training samples by class', id: 'data' });
  return lacks;
}
