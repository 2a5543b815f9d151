/** Options that several commands share, and how their words become values. */
import { type Command, Option } from 'commander';
import { type Model, openModel } from '../features/model.js';
import { DEVICES, type Device } from '../runtime/devices.js';
import { readBytes, readClassNames } from './input.js';
import { wholeNumber } from './numbers.js';
import { addPreprocessOptions, type PreprocessOptions, preprocessOf } from './preprocess-options.js';
import { STDIN } from './stdin.js';
import type { Terminal } from './terminal.js';

/** What data options make of a data source. */
export interface DataOptions extends PreprocessOptions {
  readonly device: Device;
  readonly threads?: number;
  readonly batch: number;
  readonly classes?: string;
}

/** --device, --threads, --batch, --classes and the ways to say how pictures become inputs. */
export function addDataOptions(command: Command): Command {
  command
    .addOption(
      new Option('--device <name>', 'where to compute; auto takes the first that works')
        .choices(DEVICES)
        .default('auto'),
    )
    .option('--threads <number>', 'threads on cpu; default: one per core', wholeNumber(1))
    .option('--batch <samples>', 'samples run at once', wholeNumber(1), 64)
    .option(
      '--classes <file>',
      "the model's class names in its order, a JSON array or one name a line; default: what the model says in its metadata",
    );
  return addPreprocessOptions(command);
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
  const { device, threads, batch } = options;
  return { device, threads, batch, signal: terminal.signal, onProgress: terminal.progress(what) };
}
