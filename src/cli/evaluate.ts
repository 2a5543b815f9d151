/** `onnx-tailor evaluate MODEL|H.npz --data F.npz|SRC`: accuracy by class and group, and calibration. */
import { Command } from 'commander';
import { readCounts } from '../data/read-counts.js';
import { type Evaluation, evaluate } from '../evaluation/evaluate.js';
import { openModel } from '../features/model.js';
import { openFeatures } from '../features/open-features.js';
import { readHeadFile } from '../head/head-file.js';
import {
  addDataOptions,
  addHeadOption,
  type DataOptions,
  extractionOf,
  preprocessOf,
  wholeNumber,
} from './options.js';
import type { Terminal } from './terminal.js';
import { percent, textTable } from './text.js';
import { addThresholdOptions, type ThresholdOptions, thresholdsOf } from './thresholds.js';

interface Options extends DataOptions, ThresholdOptions {
  readonly data: string;
  readonly counts?: string;
  readonly output?: string;
  readonly bootstrap: number;
  readonly seed: number;
}

export function evaluateCommand(terminal: Terminal): Command {
  const command = new Command('evaluate')
    .description('accuracy by class and group, and calibration, of a model or of a head alone')
    .argument('<model>', 'an .onnx file, or a head (.npz with weight and bias)')
    .requiredOption(
      '--data <features|src>',
      'a feature file (.npz), or a data source to run through the model',
    )
    .option('--counts <file>', 'training samples per class (.json or .npz): cuts many, medium and few')
    .option(
      '--bootstrap <replicates>',
      'replicates behind the intervals; 0 leaves them out',
      wholeNumber(0),
      1000,
    )
    .option('--seed <number>', 'of the bootstrap', wholeNumber(0), 0);
  addHeadOption(addThresholdOptions(addDataOptions(command)));
  return command.action(async (path: string, options: Options) => {
    const model = path.endsWith('.npz')
      ? undefined
      : await openModel(path, { output: options.output, preprocess: await preprocessOf(options) });
    const target = model ?? (await readHeadFile(path));
    const set = await openFeatures(options.data, target, extractionOf(options, terminal, 'Extracting'));
    const classes = set.classes ?? model?.classes;
    const counts = options.counts
      ? await readCounts(options.counts, { classCount: set.classCount, classes })
      : model?.trainCounts;
    const evaluation = evaluate({
      logits: set.logits!,
      labels: set.requireLabels('Evaluating'),
      counts,
      classes,
      thresholds: thresholdsOf(options, set.classCount),
      bootstrap: options.bootstrap,
      seed: options.seed,
    });
    terminal.finish({ data: set.name, ...evaluation }, describe(set.name, evaluation));
  });
}

/** As many lines of classes as a screen takes. */
const CLASSES_SHOWN = 20;

function describe(name: string, evaluation: Evaluation): string {
  const { samples, classes, perClass, perClassSamples, classNames, intervals, groupSizes } = evaluation;
  const measure = (label: string, value: number | null | undefined, interval?: readonly [number, number]) => [
    label,
    percent(value),
    interval ? `${percent(interval[0])} … ${percent(interval[1])}` : '',
  ];
  const group = (key: 'many' | 'medium' | 'few') =>
    evaluation[key] === undefined
      ? []
      : [measure(`${key} (${groupSizes?.[key]} classes)`, evaluation[key], intervals?.[key])];
  const lines = [
    `${name}: ${samples} samples, ${classes} classes`,
    '',
    textTable(
      ['accuracy', '', '95 % interval'],
      [
        measure('average over classes', evaluation.average, intervals?.average),
        ...group('many'),
        ...group('medium'),
        ...group('few'),
        measure('worst class', evaluation.worst),
        measure('harmonic mean', evaluation.harmonicMean),
        measure('geometric mean', evaluation.geometricMean),
        measure('over samples', evaluation.overall, intervals?.overall),
      ],
    ),
    '',
    `negative log-likelihood ${evaluation.nll.toFixed(4)}, expected calibration error ${evaluation.ece.toFixed(4)}`,
  ];
  if (classes <= CLASSES_SHOWN) {
    const rows = perClass.map((share, k) => [
      classNames?.[k] ?? `${k}`,
      percent(share),
      `${perClassSamples[k]}`,
    ]);
    lines.push('', textTable(['class', 'accuracy', 'samples'], rows));
  }
  return lines.join('\n');
}
