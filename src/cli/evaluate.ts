/** `onnx-tailor evaluate MODEL|H.npz --data F.npz|SRC`: accuracy by class and group, and calibration. */
import { Command } from 'commander';
import { headShape } from '../array/linear-head.js';
import { parseCounts } from '../data/read-counts.js';
import { evaluate } from '../evaluation/evaluate.js';
import { openFeatures } from '../features/open-features.js';
import { isHeadFile, readHeadFile } from '../head/head-file.js';
import { noteClassOrder } from './class-order.js';
import { describeEvaluation } from './describe-evaluation.js';
import { SOURCES, STDIN_NOTE } from './help.js';
import { readClassNames, readPerClass } from './input.js';
import { wholeNumber } from './numbers.js';
import {
  addDataOptions,
  addHeadOption,
  type DataOptions,
  extractionOf,
  openModelArgument,
} from './options.js';
import type { Terminal } from './terminal.js';
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
    .argument('<model>', 'an .onnx file, or a head (.npz or .safetensors with weight and bias)')
    .requiredOption(
      '--data <features|src>',
      'a feature file (.npz, .safetensors, .parquet), or a data source to run through the model',
    )
    .option(
      '--counts <file>',
      "training samples per class (.json or a file with labels), which cut many, medium and few; default: the model's metadata",
    )
    .option(
      '--bootstrap <replicates>',
      'replicates behind the intervals; 0 leaves them out',
      wholeNumber(0),
      1000,
    )
    .option('--seed <number>', 'of the bootstrap', wholeNumber(0), 0)
    .addHelpText('after', `${SOURCES}\n${STDIN_NOTE}\n${EXAMPLES}`);
  addHeadOption(addThresholdOptions(addDataOptions(command)));
  return command.action(async (path: string, options: Options) => {
    const model = isHeadFile(path) ? undefined : await openModelArgument(path, options);
    const head = model ? model.head : await readHeadFile(path);
    const classes = model ? model.classes : await headClasses(options);
    const countsOf =
      options.counts === undefined
        ? () => model?.trainCounts
        : await readPerClass(options.counts, 'class counts', parseCounts, {
            classCount: headShape(head)[0],
            classes,
          });
    const set = await openFeatures(
      options.data,
      model ?? head,
      extractionOf(options, terminal, 'Extracting'),
    );
    if (model) noteClassOrder(set, model, terminal);
    const evaluation = evaluate({
      logits: set.logits!,
      labels: set.requireLabels('Evaluating'),
      counts: countsOf(set.classes),
      classes: set.classes ?? classes,
      thresholds: thresholdsOf(options, set.classCount),
      bootstrap: options.bootstrap,
      seed: options.seed,
    });
    terminal.finish({ data: set.name, ...evaluation }, describeEvaluation(set.name, evaluation));
  });
}

/** A head alone does not know the names of its classes. */
async function headClasses({ classes }: Options): Promise<string[] | undefined> {
  return classes === undefined ? undefined : readClassNames(classes);
}

const EXAMPLES = `
Examples:
  onnx-tailor evaluate classifier.onnx --data pictures/test --counts counts.json
  onnx-tailor evaluate head.npz --data test-features.npz --json`;
