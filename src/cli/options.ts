/** Options that several commands share, and how their words become values. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { TailorError } from '../array/errors.js';
import { type Model, openModel, type PreprocessOption } from '../features/model.js';
import { DEVICES, type Device } from '../runtime/devices.js';
import { nameOf, readBytes, readClassNames, readJson } from './input.js';
import { STDIN } from './stdin.js';
import type { Terminal } from './terminal.js';

/** What data options make of a data source. */
export interface DataOptions {
  readonly device: Device;
  readonly threads?: number;
  readonly batch: number;
  readonly classes?: string;
  readonly preprocess?: string;
  readonly size?: readonly [number, number];
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  readonly scale?: number;
  readonly layout?: 'NCHW' | 'NHWC';
  readonly channels?: 'RGB' | 'BGR' | 'GRAY';
  readonly resize?: 'none' | 'nearest' | 'bilinear' | 'bicubic';
  readonly crop?: 'center' | 'none';
}

/** --device, --threads, --batch, --classes and the ways to say how pictures become inputs. */
export function addDataOptions(command: Command): Command {
  return addDeviceOptions(command)
    .option('--batch <samples>', 'samples run at once', wholeNumber(1), 64)
    .option(
      '--classes <file>',
      "the model's class names in its order, a JSON array or one name a line; default: what the model says in its metadata",
    )
    .option(
      '--preprocess <P.json>',
      'how pictures become inputs; default: what the model says in its metadata',
    )
    .option('--size <HxW>', 'input size, as 224 or 160x224', parseSize)
    .option('--mean <numbers>', 'per channel, after scaling, as 0.485,0.456,0.406', parseNumbers)
    .option('--std <numbers>', 'per channel, after scaling', parseNumbers)
    .option('--scale <number>', 'value = (pixel · scale − mean) / std; default 1/255', parseNumber)
    .addOption(new Option('--layout <order>', 'order of the axes').choices(['NCHW', 'NHWC']))
    .addOption(new Option('--channels <order>', 'order of the channels').choices(['RGB', 'BGR', 'GRAY']))
    .addOption(
      new Option('--resize <kind>', 'how pictures of another size are resampled').choices([
        'none',
        'nearest',
        'bilinear',
        'bicubic',
      ]),
    )
    .addOption(new Option('--crop <kind>', 'cut out the centre, or stretch').choices(['center', 'none']));
}

/** --device and --threads. */
export function addDeviceOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--device <name>', 'where to compute; auto takes the first that works')
        .choices(DEVICES)
        .default('auto'),
    )
    .option('--threads <number>', 'threads on cpu; default: one per core', wholeNumber(1));
}

/** --output, for models with several heads. */
export function addHeadOption(command: Command): Command {
  return command.option('--output <name>', 'the output whose head is meant, where there are several');
}

/** Opens MODEL with what the options say about its head, its classes and its pictures. */
export async function openModelArgument(
  path: string,
  options: DataOptions & { readonly output?: string },
): Promise<Model> {
  const { output, classes } = options;
  return openModel(path === STDIN ? await readBytes(path) : path, {
    output,
    preprocess: await preprocessOf(options),
    classes: classes === undefined ? undefined : await readClassNames(classes),
  });
}

/** The preprocessing that the options describe: the file, with single flags laid over it; undefined for none. */
async function preprocessOf(options: DataOptions): Promise<PreprocessOption | undefined> {
  const { size, mean, std, scale, layout, channels, resize, crop } = options;
  const flags = Object.fromEntries(
    Object.entries({ size, mean, std, scale, layout, channels, resize, crop }).filter(
      ([, value]) => value !== undefined,
    ),
  ) as PreprocessOption;
  if (options.preprocess === undefined) return Object.keys(flags).length > 0 ? flags : undefined;
  const json = await readJson(options.preprocess, 'the preprocessing');
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `Reading the preprocessing from ${nameOf(options.preprocess)}: a JSON object is needed, such as {"size": [224, 224], "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}.`,
    );
  }
  return { ...(json as PreprocessOption), ...flags };
}

/** Device options as the library takes them, with the signal of Ctrl-C and a progress bar. */
export function extractionOf(options: DataOptions, terminal: Terminal, what: string) {
  const { device, threads, batch } = options;
  return { device, threads, batch, signal: terminal.signal, onProgress: terminal.progress(what) };
}

/** A parser of whole numbers of at least `least`. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`A whole number of at least ${least} is needed.`);
  };
}

/** Any finite number. */
export function parseNumber(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('A number is needed.');
}

function parseNumbers(text: string): number[] {
  return text.split(',').map(parseNumber);
}

function parseSize(text: string): [number, number] {
  const match = /^(\d+)(?:x(\d+))?$/.exec(text);
  if (!match || Number(match[1]) < 1)
    throw new InvalidArgumentError('A size such as 224 or 160x224 (height x width) is needed.');
  return [Number(match[1]), Number(match[2] ?? match[1])];
}
