/** Puts a head into the model and proves it: the same loop as the command line's, so that the same choice makes the same bytes. */
import { parsePrior } from '../../../data/read-counts.js';
import { adjust } from '../../../head/adjust.js';
import { type Recalibration, recalibrate } from '../../../recalibrate/recalibrate.js';
import type { RecalibrateOptions } from '../../../recalibrate/recalibrate-options.js';
import { addTemperature } from '../../../recalibrate/temperature.js';
import { recalibrationContent } from '../../../report/recalibration-content.js';
import { commandLine } from '../command-line.js';
import type {
  AdjustChoice,
  Choice,
  FileOutput,
  FittedChoice,
  MadeModel,
  Role,
  TargetPrior,
  Verbs,
} from '../protocol.js';
import type { CallContext } from '../serve.js';
import type { Session } from '../session.js';
import { plotsOf } from './diagnose.js';
import { asModels, requireFit } from './fit.js';

const DOING = 'Making the new model';

export async function make(
  session: Session,
  { choice, missing }: Verbs['make']['request'],
  { signal, progress }: CallContext,
): Promise<MadeModel> {
  const model = session.requireModel(DOING);
  const name = outName(model.name!);
  const result = await recalibrate(model, {
    ...session.where,
    validation: session.requireSet('validation', DOING).set,
    test: session.sets.get('test')?.set,
    counts: session.requireCounts(DOING),
    thresholds: session.groupThresholds,
    targetPrior: priorOf(session, choice.targetPrior),
    temperature: choice.temperature,
    missing,
    outName: name,
    signal,
    ...howOf(session, choice),
    onProgress: ({ what, done, total }) =>
      progress({ what: what === 'fits' ? 'fitted heads' : 'candidates', done, total }),
  });
  session.made = { result, targetPrior: choice.targetPrior ?? 'uniform' };
  const { changed, selection, test } = result;
  return {
    file: file(name, changed.bytes),
    sideFiles: changed.sideFiles.map(({ location, bytes }) => file(location, bytes)),
    sha256: changed.sha256,
    bytes: changed.bytes.length,
    method: result.method,
    parameters: result.parameters,
    kept: result.kept,
    before: result.before,
    after: result.after,
    improvement: result.improvement,
    selectedOn: result.selectedOn,
    ...(test && { test: { name: test.name, before: test.before, after: test.after } }),
    comparison: result.comparison,
    ...(selection && {
      selection: {
        folds: selection.folds,
        methods: selection.methods,
        foldChoices: selection.foldChoices,
        table: selection.table,
      },
    }),
    verification: changed.verification,
    notes: result.notes,
    plots: plotsOf(recalibrationContent(result)),
    ...commandOf(session, choice, { result, out: name, skipMissing: missing === 'skip' }),
  };
}

/** The T that `make` would fit. */
export async function temperature(
  session: Session,
  choice: AdjustChoice | FittedChoice,
  { signal }: CallContext,
): Promise<number> {
  const doing = 'Fitting a temperature';
  const model = session.requireModel(doing);
  const { set } = session.requireSet('validation', doing);
  const targetPrior = priorOf(session, choice.targetPrior);
  const head =
    choice.kind === 'fitted'
      ? asModels(requireFit(session, choice.fit).head, model)
      : adjust(model.head, { ...adjustmentOf(choice), counts: session.requireCounts(doing), targetPrior });
  const { parameters } = await addTemperature(
    { head, parameters: {} },
    {
      temperature: 'fit',
      targetPrior,
      validation: set,
      labels: set.requireLabels(doing),
      where: { ...session.where, signal },
    },
  );
  return parameters.temperature as number;
}

function adjustmentOf({ method, parameter, convention }: AdjustChoice) {
  return method === 'multiplicative' ? { method, gamma: parameter, convention } : { method, tau: parameter };
}

/** What a choice is to `recalibrate`. */
function howOf(session: Session, choice: Choice): Partial<RecalibrateOptions> {
  switch (choice.kind) {
    case 'adjust': {
      const { method, parameter, convention } = choice;
      return { method, parameter, convention };
    }
    case 'search': {
      const { method = 'auto', convention, apply, fitted = true } = choice;
      const train = fitted && method === 'auto' ? session.sets.get('train')?.set : undefined;
      return { method, convention, apply, train };
    }
    case 'fitted': {
      const { method, parameters, head } = requireFit(session, choice.fit);
      return { head: { method, parameters, head: asModels(head, session.requireModel(DOING)) } };
    }
  }
}

/** Divided by its sum once, as the command line does with a file of it. */
function priorOf(session: Session, prior: TargetPrior = 'uniform') {
  if (prior === 'uniform') return prior;
  const { location, classes } = session.requireModel(DOING);
  return parsePrior([...prior], 'the target prior', { classCount: location.classes, classes });
}

/** 'classifier.onnx' → 'classifier.balanced.onnx'. */
function outName(name: string): string {
  return `${name.replace(/\.onnx$/i, '')}.balanced.onnx`;
}

function file(name: string, bytes: Uint8Array): FileOutput {
  return { name, data: new Blob([bytes as Uint8Array<ArrayBuffer>], { type: 'application/octet-stream' }) };
}

/** Methods whose numbers are those of the model and the counts alone: the same on every machine. */
const ADJUSTED: readonly string[] = ['none', 'additive', 'multiplicative', 'tau-norm'];

/** The command, and the files that it reads beside those that the page was given. None where its bytes might differ. */
function commandOf(
  session: Session,
  choice: Choice,
  { result, out, skipMissing }: { result: Recalibration; out: string; skipMissing: boolean },
): Pick<MadeModel, 'command' | 'commandFiles'> {
  if (choice.kind === 'fitted' || !ADJUSTED.includes(result.method)) return { commandFiles: [] };
  // Features that were computed here differ from Node's in their last digits, which a search or a fit may see.
  const depends = choice.kind === 'search' || choice.temperature === 'fit';
  if (depends && [...session.sets.values()].some(({ from }) => from !== 'features'))
    return { commandFiles: [] };
  const { targetPrior } = choice;
  const { classNames, output, preprocess } = session.opened;
  const texts = Object.entries({
    'counts.json': session.counts!.own ? undefined : session.counts!.counts,
    'target-prior.json': targetPrior === 'uniform' ? undefined : targetPrior,
    'classes.json': classNames,
    'preprocess.json': preprocess,
  }).filter(([, json]) => json !== undefined);
  const named = (file: string) => (texts.some(([name]) => name === file) ? file : undefined);
  const spec = (role: Role) => session.sets.get(role)?.spec;
  return {
    command: commandLine(choice, {
      model: session.requireModel(DOING).name!,
      validation: spec('validation')!,
      train: spec('train'),
      test: spec('test'),
      counts: named('counts.json'),
      targetPrior: named('target-prior.json'),
      classes: named('classes.json'),
      preprocess: named('preprocess.json'),
      output,
      out,
      skipMissing,
      thresholds: session.thresholds,
    }),
    commandFiles: texts.map(([name, json]) => ({
      name,
      data: new Blob([JSON.stringify(json)], { type: 'application/json' }),
    })),
  };
}
