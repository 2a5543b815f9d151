/** `onnx-tailor recalibrate MODEL --val F.npz|SRC --counts C --out OUT.onnx`: the whole loop. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { platform } from '#platform';
import { VERSION } from '../array/version.js';
import { parseCounts, parsePrior } from '../data/read-counts.js';
import { diagnose } from '../diagnostics/diagnose.js';
import type { FeatureSet } from '../features/feature-set.js';
import type { Model } from '../features/model.js';
import { openFeatures } from '../features/open-features.js';
import type { MultiplicativeConvention } from '../head/adjust.js';
import { FIT_METHODS } from '../head/recipes.js';
import { type Recalibration, recalibrate } from '../recalibrate/recalibrate.js';
import type { RecalibrateMethod } from '../recalibrate/recalibrate-options.js';
import { trainCountsOf } from '../recalibrate/train-counts.js';
import { recalibrationContent } from '../report/recalibration-content.js';
import { noteClassOrder } from './class-order.js';
import { describeRecalibration } from './describe-recalibration.js';
import { SOURCES, STDIN_NOTE } from './help.js';
import { readPerClass } from './input.js';
import { parseNumber, wholeNumber } from './numbers.js';
import {
  addDataOptions,
  addHeadOption,
  type DataOptions,
  extractionOf,
  openModelArgument,
} from './options.js';
import { addOutOptions, assertFree } from './output.js';
import {
  addReportOptions,
  assertReportsFree,
  describeReports,
  type ReportOptions,
  wantsReports,
  writeReports,
} from './report-options.js';
import type { Terminal } from './terminal.js';
import { addThresholdOptions, type ThresholdOptions, thresholdsOf } from './thresholds.js';
import { noteUnused, verificationInputs } from './verification.js';

interface Options extends DataOptions, ThresholdOptions, ReportOptions {
  readonly val: string;
  readonly test?: string;
  readonly counts?: string;
  readonly train?: string;
  readonly method: RecalibrateMethod;
  readonly convention?: MultiplicativeConvention;
  readonly tau?: number;
  readonly gamma?: number;
  readonly temperature?: number | 'fit';
  readonly targetPrior: string;
  readonly apply: 'significant' | 'always';
  readonly skipMissing?: boolean;
  readonly verifyData?: string;
  readonly folds: number;
  readonly bootstrap: number;
  readonly seed: number;
  readonly out: string;
  readonly output?: string;
  readonly force?: boolean;
}

export function recalibrateCommand(terminal: Terminal): Command {
  const command = new Command('recalibrate')
    .argument('<model>', 'an .onnx file')
    .requiredOption(
      '--val <features|src>',
      'labelled validation data (not the test set): features of extract, or a data source',
    )
    .option(
      '--counts <file>',
      "training samples per class: JSON array, JSON object by name, or a file with labels; default: the model's metadata",
    );
  addOutOptions(command, 'the new model (.onnx)')
    .option('--train <features|src>', 'labelled training data: fitted heads then compete with adjusted ones')
    .addOption(
      new Option('--method <name>', 'what to adjust by, or to fit to --train')
        .choices([...new Set(['auto', 'additive', 'multiplicative', 'tau-norm', ...FIT_METHODS])])
        .default('auto'),
    )
    .addOption(
      new Option('--convention <name>', 'of multiplicative; default: both are tried').choices([
        'published-code',
        'paper',
      ]),
    )
    .option('--tau <number>', 'fixed τ of additive or tau-norm instead of a search', parseNumber)
    .option('--gamma <number>', 'fixed γ of multiplicative instead of a search', parseNumber)
    .option(
      '--temperature <T|fit>',
      'divide the logits by T afterwards, or fit T on validation',
      parseTemperature,
    )
    .option('--target-prior <uniform|Q.json>', 'class frequencies to tailor for', 'uniform')
    .addOption(
      new Option('--apply <when>', 'put the new head in only if its gain is beyond noise, or always')
        .choices(['significant', 'always'])
        .default('significant'),
    )
    .option('--test <features|src>', 'data that nothing is chosen on: evaluated before and after')
    .option('--verify-data <src>', 'real inputs to prove the file on; default: some of the validation data')
    .option('--skip-missing', 'average over the other classes when a class has no validation sample')
    .option('--folds <number>', 'of the cross-validation', wholeNumber(2), 5)
    .option('--bootstrap <replicates>', 'behind the interval of the improvement', wholeNumber(100), 2000)
    .option('--seed <number>', 'of folds and bootstrap', wholeNumber(0), 0)
    .addHelpText('after', `${SOURCES}\n${STDIN_NOTE}\n${EXAMPLES}`);
  addHeadOption(addThresholdOptions(addDataOptions(addReportOptions(command))));
  return command.action(async (path: string, options: Options) => {
    const parameter = fixedParameter(command, options);
    const { val, test: testData, verifyData, counts: countsFile, targetPrior, preprocess, classes } = options;
    // The model itself may be replaced: that is what --force is for.
    const reads = {
      files: [countsFile, targetPrior, preprocess, classes],
      sources: [val, testData, verifyData, options.train],
    };
    await assertFree(options.out, options.force, reads);
    await assertReportsFree(options, options.force, reads);
    const model = await openModelArgument(path, options);
    const numbers = await readNumbers(options, model);
    const extraction = (what: string) => extractionOf(options, terminal, what);
    const validation = await openFeatures(val, model, extraction('Validation'));
    noteClassOrder(validation, model, terminal);
    const test = testData && (await openFeatures(testData, model, extraction('Test')));
    const kept = verifyData && (await verificationInputs(verifyData, model, terminal));
    const train = options.train && (await openFeatures(options.train, model, extraction('Training data')));
    const result = await recalibrate(model, {
      validation,
      train: train || undefined,
      counts: numbers.counts(validation.classes),
      method: options.method,
      convention: options.convention,
      parameter,
      temperature: options.temperature,
      targetPrior: numbers.targetPrior(validation.classes),
      apply: options.apply,
      test: test || undefined,
      ...(kept && { inputs: kept.inputs, inputsName: kept.name }),
      folds: options.folds,
      bootstrap: options.bootstrap,
      seed: options.seed,
      thresholds: thresholdsOf(options, model.location.classes),
      missing: options.skipMissing ? 'skip' : 'error',
      outName: platform.baseName(options.out),
      device: options.device,
      threads: options.threads,
      signal: terminal.signal,
    });
    terminal.checkpoint(`recalibrating ${path}`);
    const saved = await result.save(options.out, { overwrite: options.force });
    const written = await reportOn(
      result,
      { model, train: train || undefined, validation },
      options,
      terminal,
    );
    noteUnused(saved, terminal);
    for (const note of result.notes) terminal.note(`Note: ${note}`);
    terminal.finish(
      { ...documentOf(result), ...saved, ...(written.length > 0 && { written }) },
      [describeRecalibration(result, saved, targetPrior), ...describeReports(written)].join('\n'),
    );
  });
}

/** Draws what was asked for: before and after, and the features that the heads were given. */
async function reportOn(
  result: Recalibration,
  { model, train, validation }: { model: Model; train?: FeatureSet; validation: FeatureSet },
  options: Options,
  terminal: Terminal,
): Promise<string[]> {
  if (!wantsReports(options)) return [];
  const { trainCounts, thresholds } = result;
  const look = (set: FeatureSet, what: string) =>
    diagnose(set, {
      ...{ head: model.head, counts: trainCounts, thresholds, seed: options.seed, threads: options.threads },
      signal: terminal.signal,
      onProgress: terminal.progress(what, 'samples of all passes'),
    });
  const content = recalibrationContent(result, {
    title: `Recalibration of ${model.name ?? 'a model'}`,
    train: train && (await look(train, 'Diagnosing training data')),
    validation: await look(validation, 'Diagnosing validation'),
    provenance: [
      ['model', `${model.name ?? 'standard input'}, sha256 ${model.sha256}`],
      ['validation', validation.name],
      ...(train ? [['training data', train.name] as const] : []),
      ...(result.test ? [['test', result.test.name] as const] : []),
      ['target prior', options.targetPrior],
      ['seed', `${options.seed}`],
      ['onnx-tailor', VERSION],
    ],
  });
  return writeReports(options, content, options.force);
}

/** The JSON document: everything but heads and bytes. */
function documentOf(result: Recalibration): object {
  const {
    method,
    parameters,
    kept,
    before,
    after,
    improvement,
    selectedOn,
    confusion,
    test,
    selection,
    notes,
    changed,
  } = result;
  const choices = selection && {
    folds: selection.folds,
    methods: selection.methods,
    foldChoices: selection.foldChoices,
    table: selection.table,
  };
  const { verification } = changed;
  return {
    method,
    parameters,
    kept,
    before,
    after,
    improvement,
    selectedOn,
    confusion,
    test,
    verification,
    selection: choices,
    notes,
  };
}

/** Counts and target prior: checked before the work, as far as they do not speak of classes by the names of the data. */
async function readNumbers({ counts, targetPrior }: Options, model: Model) {
  const options = { classCount: model.location.classes, classes: model.classes };
  if (counts === undefined) trainCountsOf(model, undefined);
  return {
    counts:
      counts === undefined
        ? () => undefined
        : await readPerClass(counts, 'class counts', parseCounts, options),
    targetPrior:
      targetPrior === 'uniform'
        ? () => 'uniform' as const
        : await readPerClass(targetPrior, 'the target prior', parsePrior, options),
  };
}

const EXAMPLES = `
Examples:
  onnx-tailor recalibrate classifier.onnx --val pictures/val --counts counts.json --out balanced.onnx
  onnx-tailor recalibrate classifier.onnx --val val.npz --test test.npz --counts counts.json --temperature fit --out balanced.onnx
  onnx-tailor recalibrate classifier.onnx --val val.npz --counts counts.json --method additive --tau 1 --out balanced.onnx`;

/** τ or γ where it was given; wrong combinations are wrong usage. */
function fixedParameter(command: Command, { method, convention, tau, gamma }: Options): number | undefined {
  if (convention !== undefined && method !== 'auto' && method !== 'multiplicative')
    command.error(`error: --convention is of multiplicative, not of ${method}`);
  const [given, other, wanted] =
    method === 'multiplicative' ? [gamma, tau, '--gamma'] : [tau, gamma, '--tau'];
  if (method === 'auto' && (tau ?? gamma) !== undefined) {
    command.error(
      'error: a fixed --tau or --gamma needs a method (--method additive, multiplicative or tau-norm)',
    );
  }
  if (other !== undefined) command.error(`error: the parameter of ${method} is ${wanted}`);
  return given;
}

function parseTemperature(text: string): number | 'fit' {
  if (text === 'fit') return text;
  const value = parseNumber(text);
  if (value > 0) return value;
  throw new InvalidArgumentError('A number above 0 or "fit" is needed.');
}
