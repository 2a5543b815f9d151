/** `onnx-tailor fit TRAIN.npz --method M --out H.npz`: a head fitted to features. */
import { Command, Option } from 'commander';
import type { ClassCounts } from '../array/class-counts.js';
import { TailorError } from '../array/errors.js';
import { headShape, type LinearHead } from '../array/linear-head.js';
import { readCounts } from '../data/read-counts.js';
import { openModel } from '../features/model.js';
import { fitFeatures } from '../features/open-features.js';
import { readFeatures } from '../features/read-features.js';
import { chooseFit } from '../head/choose-fit.js';
import { type FittedHead, fit } from '../head/fit.js';
import { readHeadFile, writeHeadFile } from '../head/head-file.js';
import { FIT_METHODS, type FitMethod, RECIPES } from '../head/recipes.js';
import type { Selection } from '../head/selection.js';
import { DEVICES, type Device } from '../runtime/devices.js';
import { addGridOptions, type GridOptions, gridOf } from './fit-grid.js';
import { wholeNumber } from './numbers.js';
import { addOutOptions, assertFree } from './output.js';
import type { Terminal } from './terminal.js';
import { percent, textTable } from './text.js';
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
    .argument('<train>', 'features with labels: .npz of extract, or of numpy')
    .addOption(
      new Option('--method <name>', FIT_METHODS.join(', ')).choices(FIT_METHODS).makeOptionMandatory(),
    )
    .option(
      '--init <MODEL|H.npz>',
      'the head to start from, or to change: needed by wb, wb-norm, lws, tau-norm',
    )
    .option('--output <name>', 'of --init MODEL: the output whose head is meant, where there are several')
    .option('--val <V.npz>', 'labelled features to choose among several settings on (not the test set)')
    .option('--early-stopping [patience]', 'keep the epoch that is best on --val', wholeNumber(1))
    .option('--counts <file>', 'training samples per class; default: the labels are counted')
    .addOption(new Option('--device <name>', 'where to compute').choices(DEVICES).default('cpu'))
    .option('--threads <number>', 'threads on cpu; default: one per core', wholeNumber(1))
    .addHelpText('after', HELP);
  addOutOptions(command, 'the head (.npz with weight and bias)');
  addThresholdOptions(addGridOptions(command));
  return command.action(async (path: string, options: Options) => {
    const configurations = gridOf(options.method, options);
    if (!options.val && (configurations.length > 1 || options.earlyStopping)) {
      command.error(
        `error: ${configurations.length > 1 ? `${configurations.length} settings` : 'early stopping'} needs validation features to choose on (--val V.npz)`,
      );
    }
    const { init, val, counts, device, threads } = options;
    await assertFree(options.out, options.force, { files: [path, init, val, counts], sources: [] });
    const start = init === undefined ? undefined : await readStart(init, options.output);
    const classCount = start && headShape(start.head)[0];
    const train = withClasses(await readFeatures(path), classCount);
    const validation = val === undefined ? undefined : withClasses(await readFeatures(val), train.classCount);
    const given =
      counts && (await readCounts(counts, { classCount: train.classCount, classes: train.classes }));
    const where = { device, threads, signal: terminal.signal };
    const fits = await fit(train, configurations, {
      ...where,
      init: start?.head,
      counts: given || start?.counts,
      onProgress: terminal.progressOfEpochs(),
      ...(options.earlyStopping &&
        validation && {
          earlyStopping: {
            validation,
            patience: options.earlyStopping === true ? undefined : options.earlyStopping,
          },
        }),
    });
    const prior = given || start?.counts || train.counts;
    const logits = validation && (await fitFeatures(validation, fits[0].head, where));
    const chosen =
      logits && fits.length > 1
        ? await chooseFit(fits, logits, {
            counts: prior,
            thresholds: thresholdsOf(options, train.classCount),
            ...where,
          })
        : { fit: fits[0] };
    await writeHeadFile(options.out, chosen.fit.head, { overwrite: options.force });
    const selection = 'selection' in chosen ? chosen.selection : undefined;
    if (chosen.fit.warning) terminal.note(`Note: ${chosen.fit.warning}`);
    terminal.finish(
      documentOf(chosen.fit, fits, selection, validation?.name, options.out),
      describe(chosen.fit, fits, selection, options.out),
    );
  });
}

const HELP = `
Methods:
${FIT_METHODS.map((name) => `  ${name.padEnd(9)} ${RECIPES[name].summary}`).join('\n')}

Settings that take several values, separated by commas, are tried in every combination, side by side, and chosen on --val:
  onnx-tailor fit train.npz --method wb --init classifier.onnx --val val.npz --weight-decay 0.1,0.01,0.5 --out head.npz`;

/** The head to start from and, of a model, what it was trained on. */
async function readStart(path: string, output?: string): Promise<{ head: LinearHead; counts?: ClassCounts }> {
  if (path.toLowerCase().endsWith('.npz')) return { head: await readHeadFile(path) };
  const model = await openModel(path, { output });
  return { head: model.head, counts: model.trainCounts };
}

/** A set without names or logits knows of no class beyond its highest label. */
function withClasses(set: Awaited<ReturnType<typeof readFeatures>>, classCount: number | undefined) {
  if (classCount === undefined || set.classCount >= classCount) return set;
  if (set.classes) {
    throw new TailorError(
      'SHAPE_MISMATCH',
      `Reading ${set.name}: it has ${set.classCount} classes, but ${classCount} are needed. Give features of the same classes.`,
    );
  }
  return set.with({ classCount, logits: undefined });
}

function documentOf(
  chosen: FittedHead,
  fits: readonly FittedHead[],
  selection: Selection<Float32Array> | undefined,
  selectedOn: string | undefined,
  out: string,
): object {
  const { method, parameters, epochs, objective, gradientNorm, seconds, warning } = chosen;
  return {
    method,
    parameters,
    epochs,
    objective,
    gradientNorm,
    seconds,
    ...(warning && { warning }),
    ...(selection && {
      selectedOn,
      selection: {
        candidates: selection.table.map(({ average, many, medium, few, change }, place) => ({
          parameters: fits[place].parameters,
          average,
          many,
          medium,
          few,
          change,
        })),
        improvement: selection.improvement,
      },
    }),
    out,
  };
}

function describe(
  { method, parameters, epochs, objective, gradientNorm, seconds }: FittedHead,
  fits: readonly FittedHead[],
  selection: Selection<Float32Array> | undefined,
  out: string,
): string {
  const settings = Object.entries(parameters).map(([name, value]) => `${name} ${value}`);
  const last = epochs.at(-1);
  const lines = [
    `${method}${settings.length > 0 ? `: ${settings.join(', ')}` : ''}`,
    ...(last
      ? [
          `${epochs.length} epochs, loss ${epochs[0].loss.toFixed(4)} → ${last.loss.toFixed(4)}, row norms ${last.norms.min.toFixed(3)} … ${last.norms.max.toFixed(3)}`,
        ]
      : []),
    ...(objective === null || gradientNorm === null || objective === undefined
      ? []
      : [
          `objective ${objective.toPrecision(7)}, largest entry of its gradient ${gradientNorm.toExponential(1)}`,
        ]),
  ];
  if (selection) {
    const different = Object.keys(parameters).filter((name) =>
      fits.some((one) => one.parameters[name] !== parameters[name]),
    );
    lines.push(
      '',
      `Chosen among ${fits.length} on validation (${selection.samples} samples):`,
      textTable(
        [...different, 'average', 'many', 'medium', 'few'],
        selection.table.map(({ average, many, medium, few }, place) => [
          ...different.map((name) => `${fits[place].parameters[name]}`),
          percent(average),
          percent(many),
          percent(medium),
          percent(few),
        ]),
      ),
    );
  }
  return [...lines, '', `Written to ${out} in ${seconds.toFixed(2)} s`].join('\n');
}
