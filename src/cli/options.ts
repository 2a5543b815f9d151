/** Options that several commands share, and how their words become values. */
import { type Command, InvalidArgumentError } from 'commander';
import { type Model, openModel } from '../features/model.js';
import { assertDevice, DEVICES, type Device } from '../runtime/devices.js';
import { readBytes, readClassNames } from './input.js';
import { wholeNumber } from './numbers.js';
import { addPreprocessOptions, type PreprocessOptions, preprocessOf } from './preprocess-options.js';
import { STDIN } from './stdin.js';
import type { Terminal } from './terminal.js';

/** What data options make of a data source. */
export interface DataOptions extends PreprocessOptions {
  /** The first of --device. */
  readonly device: Device;
  /** All of --device. */
  readonly devices?: readonly Device[];
  readonly threads?: number;
  readonly workers?: number;
  readonly tf32?: boolean;
  readonly batch: number | 'auto';
  readonly classes?: string;
}

/** --device, --threads, --workers, --no-tf32, --batch, --classes and the ways to say how pictures become inputs. */
export function addDataOptions(command: Command): Command {
  command
    .option(
      '--device <name>',
      `where to compute: ${DEVICES.join(', ')} or cuda:1 for one of several cards; auto takes the first that works. ` +
        'cuda:0,cuda:1 runs data through the model on both',
      (text: string) => deviceNames(text)[0],
      'auto',
    )
    .option('--threads <number>', 'processors on cpu, which the workers share; default: all', wholeNumber(1))
    .option(
      '--workers <number>',
      'sessions that data is run through, each in a thread of its own; default: on cpu one for each processor where the model is small, ' +
        'else one for each device. 0: none in a thread',
      wholeNumber(0),
    )
    .option('--no-tf32', 'cuda: keep float32 products exact, instead of what CUDA does by itself')
    .option(
      '--batch <samples>',
      'samples run at once, or auto: tries a few sizes first; default: 64, on cpu as many from 8 to 64 as 5 MB of inputs hold',
      (text: string) => (text === 'auto' ? text : wholeNumber(1)(text)),
    )
    .option(
      '--classes <file>',
      "the model's class names in its order, a JSON array or one name a line; default: what the model says in its metadata",
    );
  // An option has one value; the list goes beside it.
  command.on('option:device', (text: string) => command.setOptionValue('devices', deviceNames(text)));
  return addPreprocessOptions(command);
}

function deviceNames(text: string): readonly Device[] {
  return text.split(',').map((name) => {
    try {
      assertDevice(name);
    } catch (error) {
      throw new InvalidArgumentError((error as Error).message);
    }
    return name;
  });
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
  const { output } = options;
  const classes = options.classes === undefined ? undefined : await readClassNames(options.classes);
  const source = path === STDIN ? await readBytes(path) : path;
  const model = await openModel(source, { output, classes });
  const preprocess = await preprocessOf(options, model.preprocess);
  return preprocess ? openModel(source, { output, classes, preprocess }) : model;
}

/** Device options as the library takes them, with the signal of Ctrl-C and a progress bar. */
export function extractionOf(options: DataOptions, terminal: Terminal, what: string) {
  const { device, devices, threads, workers, batch } = options;
  // Commander's --no-… is true where it is not given: then CUDA's own choice holds.
  const tf32 = options.tf32 === false ? false : undefined;
  return {
    ...{ device, devices, threads, workers, tf32, batch },
    ...{ signal: terminal.signal, onProgress: terminal.progress(what) },
  };
}
