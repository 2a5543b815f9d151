/** The options of `diagnose`, and which of them go together. */
import { Command, InvalidArgumentError, Option } from 'commander';
import type { FdrCenter } from '../diagnostics/fdr.js';
import type { StorePart } from '../features/store/manifest.js';
import { SOURCES, STDIN_NOTE } from './help.js';
import { parsePositive, wholeNumber } from './numbers.js';
import { addDataOptions, addHeadOption, type DataOptions } from './options.js';
import { parsePart } from './part.js';
import { addReportOptions, type ReportOptions } from './report-options.js';
import { addThresholdOptions, type ThresholdOptions } from './thresholds.js';

export interface DiagnoseCommandOptions extends DataOptions, ThresholdOptions, ReportOptions {
  readonly model?: string;
  readonly head?: string;
  readonly test?: string;
  readonly counts?: string;
  readonly output?: string;
  readonly fromStatistics?: readonly string[];
  readonly saveStatistics?: string;
  readonly shard?: StorePart;
  readonly incomplete?: boolean;
  readonly center: FdrCenter;
  readonly weightDecay?: number;
  readonly intervals: number;
  readonly randomLayers?: number;
  readonly layers?: string;
  readonly seed: number;
  readonly force?: boolean;
}

/** The published tables end at 3; each layer holds D² weights and its own statistics. */
const MOST_RANDOM_LAYERS = 20;

/** The command without its action. */
export function newDiagnoseCommand(): Command {
  const command = new Command('diagnose')
    .argument(
      '[features...]',
      'feature files or stores of extract, several are one set; with --model also a data source',
    )
    .option('--model <file>', 'the .onnx that the features come from: its head, class names and counts')
    .option('--head <file>', 'a head instead (.npz or .safetensors with weight and bias)')
    .option('--test <features|src>', 'a second set of the same model, shown beside the first')
    .option(
      '--counts <file>',
      "training samples per class (.json or .npz); default: the model's metadata, else those of the features",
    )
    .option(
      '--from-statistics <files...>',
      'instead of features: statistics that were saved; several are merged',
    )
    .option(
      '--save-statistics <file>',
      'keep the statistics of the features, to be merged with others (.npz)',
      parseNpzName,
    )
    .option(
      '--shard <i/n>',
      'of a folder of shards: only save the statistics of part i of n, which may be all that is there yet',
      parsePart,
    )
    .option(
      '--incomplete',
      'with --from-statistics of parts of a folder of shards: take what is there where some are missing',
    )
    .addOption(
      new Option(
        '--center <which>',
        'centre of the spread between classes in the FDR: mean of samples or of classes',
      )
        .choices(['samples', 'classes'])
        .default('samples'),
    )
    .option(
      '--weight-decay <λ>',
      'of the second stage, for theorem 2; default 0.1, as published',
      parsePositive,
    )
    .option(
      '--intervals <halves>',
      'draws behind 95 % intervals, 200 is usual; 0 leaves them out',
      wholeNumber(0),
      0,
    )
    .option(
      '--random-layers <number>',
      'FDR behind so many random layers',
      wholeNumber(1, MOST_RANDOM_LAYERS),
    )
    .option('--layers <src>', 'FDR of every activation of the model over this data source')
    .option('--seed <number>', 'of intervals, random layers and sampled pairs', wholeNumber(0), 0)
    .option('--force', 'overwrite outputs that exist')
    .addHelpText('after', `${SOURCES}\n${STDIN_NOTE}\n${EXAMPLES}`);
  return addHeadOption(addThresholdOptions(addDataOptions(addReportOptions(command))));
}

/** Combinations that make no sense are wrong usage. */
export function assertUsage(
  command: Command,
  features: readonly string[],
  options: DiagnoseCommandOptions,
): void {
  const { fromStatistics, model, head, layers, randomLayers, incomplete } = options;
  const refuse = (why: string) => command.error(`error: ${why}`);
  if (features.length === 0 && !fromStatistics) refuse('feature files are needed, or --from-statistics');
  if (features.length > 0 && fromStatistics) {
    refuse(
      'either feature files or --from-statistics; save the statistics of the features first to merge them',
    );
  }
  if (incomplete && !fromStatistics) refuse('--incomplete goes with --from-statistics');
  if (options.shard) assertPartUsage(features, options, refuse);
  if (model !== undefined && head !== undefined) refuse('either --model or --head');
  if (layers !== undefined && model === undefined) refuse('--layers needs the --model');
  if (randomLayers !== undefined && features.length !== 1) refuse('--random-layers needs one feature file');
}

/** What is said of a part would say nothing of the whole: classes come one after the other in many sources. */
function assertPartUsage(
  features: readonly string[],
  options: DiagnoseCommandOptions,
  refuse: (why: string) => void,
): void {
  const { test, report, markdown, svg, layers, randomLayers, counts, intervals } = options;
  if (features.length !== 1) refuse('--shard is of one folder of shards');
  if (options.saveStatistics === undefined) {
    refuse('--shard only collects statistics, so it needs --save-statistics');
  }
  const ofTheWhole = { test, report, markdown, svg, layers, 'random-layers': randomLayers, counts };
  for (const [name, value] of Object.entries({ ...ofTheWhole, intervals: intervals || undefined })) {
    if (value === undefined) continue;
    refuse(
      `--shard only collects statistics; --${name} is for the diagnosis of the whole, from all statistics or of the folder`,
    );
  }
}

function parseNpzName(text: string): string {
  if (text.toLowerCase().endsWith('.npz')) return text;
  throw new InvalidArgumentError('The name must end in .npz.');
}

const EXAMPLES = `
Examples:
  onnx-tailor diagnose train.npz --model classifier.onnx --report report.html
  onnx-tailor diagnose train.npz --test test.npz --model classifier.onnx --counts counts.json --report report.html
  onnx-tailor diagnose part-3.npz --model classifier.onnx --save-statistics part-3.statistics.npz
  onnx-tailor diagnose --from-statistics part-*.statistics.npz --model classifier.onnx
  onnx-tailor diagnose train/ --shard 3/8 --model classifier.onnx --save-statistics statistics/3-of-8.npz`;
