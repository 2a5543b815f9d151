/** `onnx-tailor fit TRAIN.npz --method M --out H.npz`: a head fitted to features. */
import { Command, Option } from 'commander';
import { type ClassCounts, countLabels } from '../array/class-counts.js';
import { TailorError } from '../array/errors.js';
import { headShape, type LinearHead } from '../array/linear-head.js';
import { alignLabels } from '../data/class-names.js';
import { readCounts } from '../data/read-counts.js';
import { FeatureSet } from '../features/feature-set.js';
import type { FeatureStream } from '../features/feature-stream.js';
import { inClasses } from '../features/fit-stream.js';
import { openModel } from '../features/model.js';
import { readFeatures } from '../features/read-features.js';
import { chooseFit } from '../head/choose-fit.js';
import { fit } from '../head/fit.js';
import type { FittedHead } from '../head/fitted-head.js';
import { HEAD_ENDINGS, isHeadFile, readHeadFile, writeHeadFile } from '../head/head-file.js';
import { FIT_METHODS, type FitMethod, RECIPES } from '../head/recipes.js';
import type { Selection } from '../head/selection.js';
import { DEVICES, type Device } from '../runtime/devices.js';
import { describeFit, documentOf } from './describe-fit.js';
import { addGridOptions, type GridOptions, gridOf } from './fit-grid.js';
import { largeFeatures } from './large-features.js';
import { wholeNumber } from './numbers.js';
import { addOutOptions, assertFree } from './output.js';
import type { Terminal } from './terminal.js';
import { addThresholdOptions, type ThresholdOptions, thresholdsOf } from './thresholds.js';

interface Options extends GridOptions, ThresholdOptions {
  readonly method: FitMethod;
  readonly init?: string;
  readonly output?: string;
  readonly val?: string;
  readonly earlyStopping?: number | true;
  readonly counts?: string;
  readonly device: Device;
  readonly threads?: number;
  readonly out: string;
  readonly force?: boolean;
}

export function fitCommand(terminal: Terminal): Command {
  const command = new Command('fit')
    .argument(
      '<train>',
      'features with labels: .npz, .safetensors, .parquet or a feature store, of extract or your own',
    )
    .addOption(
      new Option('--method <name>', FIT_METHODS.join(', ')).choices(FIT_METHODS).makeOptionMandatory(),
    )
    .option(
      '--init <model|head>',
      'the head to start from, or to change: needed by wb, wb-norm, lws, tau-norm',
    )
    .option('--output <name>', 'of --init MODEL: the output whose head is meant, where there are several')
    .option('--val <features>', 'labelled features to choose among several settings on (not the test set)')
    .option('--early-stopping [patience]', 'keep the epoch that is best on --val', wholeNumber(1))
    .option('--counts <file>', 'training samples per class; default: the labels are counted')
    .addOption(new Option('--device <name>', 'where to compute').choices(DEVICES).default('cpu'))
    .option('--threads <number>', 'threads on cpu; default: one per core', wholeNumber(1))
    .addHelpText('after', HELP);
  addOutOptions(command, `the head (weight and bias: ${HEAD_ENDINGS.join(' or ')})`, HEAD_ENDINGS);
  addThresholdOptions(addGridOptions(command));
  return command.action(async (path: string, options: Options) => {
    const configurations = gridOf(options.method, options);
    if (!options.val && (configurations.length > 1 || options.earlyStopping)) {
      command.error(
        `error: ${configurations.length > 1 ? `${configurations.length} settings need` : 'early stopping needs'} validation features to choose on (--val FEATURES)`,
      );
    }
    const { init, val, counts, device, threads, out } = options;
    await assertFree(out, options.force, { files: [path, init, val, counts], sources: [] });
    const start = init === undefined ? undefined : await readStart(init, options.output);
    const features = (await largeFeatures(path)) ?? (await readFeatures(path));
    const train = start ? inOrderOf(features, start) : features;
    const validation = val === undefined ? undefined : validationOf(await readFeatures(val), train);
    const { classCount, classes } = train;
    const given = counts && (await readCounts(counts, { classCount, classes }));
    const where = { device, threads, signal: terminal.signal };
    const several = configurations.length > 1;
    const fits = await fit(train, configurations, {
      ...where,
      init: start?.head,
      counts: given || start?.counts,
      onProgress: terminal.progressOfEpochs(),
      keepDiverged: several,
      ...(options.earlyStopping &&
        validation && {
          earlyStopping: {
            validation,
            patience: options.earlyStopping === true ? undefined : options.earlyStopping,
          },
        }),
    });
    const chosen: { fit: FittedHead; selection?: Selection<Float32Array> } =
      several && validation
        ? await chooseFit(fits, validation, {
            counts: given || start?.counts || countsOf(train),
            thresholds: thresholdsOf(options, classCount),
            ...where,
          })
        : { fit: fits[0] };
    terminal.checkpoint(`fitting a head to ${path}`);
    await writeHeadFile(out, chosen.fit.head, { overwrite: options.force });
    if (validation && !several && !options.earlyStopping) {
      terminal.note(`Note: ${validation.name} was not used: there is one setting and no early stopping.`);
    }
    for (const note of chosen.selection?.warnings ?? []) terminal.note(`Note: ${note}`);
    if (chosen.fit.warning) terminal.note(`Note: ${chosen.fit.warning}`);
    const outcome = { ...chosen, fits, selectedOn: validation?.name, out };
    terminal.finish(documentOf(outcome), describeFit(outcome));
  });
}

const HELP = `
Methods:
${FIT_METHODS.map((name) => `  ${name.padEnd(9)} ${RECIPES[name].summary}`).join('\n')}

Settings that take several values, separated by commas, are tried in every combination, side by side, and chosen on --val:
  onnx-tailor fit train.npz --method wb --init classifier.onnx --val val.npz --weight-decay 0.1,0.01,0.5 --out head.npz

Training features of more than 256 MiB are read piece by piece, as often as the fit goes over them; of .npz those that are not
packed. --val is read into memory, and so are the logits [N, C] of lws and etf.`;

/** The head to start from and, of a model, what it was trained on. */
interface Start {
  readonly head: LinearHead;
  readonly counts?: ClassCounts;
  readonly classes?: readonly string[];
}

async function readStart(path: string, output?: string): Promise<Start> {
  if (isHeadFile(path)) return { head: await readHeadFile(path) };
  const { head, trainCounts, classes } = await openModel(path, { output });
  return { head, counts: trainCounts, classes };
}

/** Labels in the class order of the head; a set without names knows of no class beyond its highest label. */
function inOrderOf(set: FeatureSet | FeatureStream, { head, classes }: Start): FeatureSet | FeatureStream {
  const [classCount] = headShape(head);
  return set instanceof FeatureSet
    ? inOrder(set, classes, classCount)
    : inClasses(set, classes, classCount, usingOf(set));
}

const usingOf = ({ name }: FeatureSet | FeatureStream) => `Using the features of ${name}`;

const countsOf = (set: FeatureSet | FeatureStream) =>
  set instanceof FeatureSet ? set.counts : countLabels(set.labels, set.classCount);

function inOrder(set: FeatureSet, classes: readonly string[] | undefined, classCount: number): FeatureSet {
  const named = alignLabels(set, classes, classCount, usingOf(set));
  return set.with({ ...named, classCount, logits: undefined });
}

/** Validation in the class order of training; looked at before the fit, not after. */
function validationOf(set: FeatureSet, train: FeatureSet | FeatureStream): FeatureSet {
  set.requireLabels('Choosing a fit');
  if (set.dimensions !== train.dimensions) {
    throw new TailorError(
      'SHAPE_MISMATCH',
      `${usingOf(set)}: they have ${set.dimensions} dimensions, those of ${train.name} have ${train.dimensions}. ` +
        'Extract both with the same model.',
    );
  }
  return inOrder(set, train.classes, train.classCount);
}
