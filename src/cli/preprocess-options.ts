/** Options that say how pictures become inputs. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { TailorError } from '../array/errors.js';
import type { Preprocess } from '../data/preprocess.js';
import type { PreprocessOption } from '../features/model.js';
import { nameOf, readJson } from './input.js';
import { parseNumber, wholeNumber } from './numbers.js';

/** --preprocess, and a flag for each of its keys. */
export interface PreprocessOptions extends Partial<Preprocess> {
  readonly preprocess?: string;
}

export function addPreprocessOptions(command: Command): Command {
  return command
    .option(
      '--preprocess <P.json>',
      'how pictures become inputs; default: what the model says in its metadata. The flags below go over either',
    )
    .option('--size <HxW>', "input size, as 224 or 160x224; default: the model's own", parseSize)
    .option('--scale <number>', 'value = (pixel · scale − mean) / std; default 1/255', parseNumber)
    .option('--mean <numbers>', 'per channel, after scaling, as 0.485,0.456,0.406; default 0', parseNumbers)
    .option('--std <numbers>', 'per channel, after scaling; default 1', parseNumbers)
    .addOption(
      new Option('--channels <order>', 'default RGB, or GRAY where the model takes one channel').choices([
        'RGB',
        'BGR',
        'GRAY',
      ]),
    )
    .addOption(
      new Option('--layout <order>', "order of the axes; default: as the model's input has them").choices([
        'NCHW',
        'NHWC',
      ]),
    )
    .addOption(
      new Option(
        '--resize <kind>',
        'how pictures of another size are resampled; default auto: bilinear for picture files, none for arrays',
      ).choices(['auto', 'none', 'nearest', 'bilinear', 'bicubic']),
    )
    .addOption(
      new Option('--crop <kind>', 'cut out the centre (default), or stretch').choices(['center', 'none']),
    )
    .option(
      '--resize-to <side>',
      'length of the shorter side before the centre is cut out, as 256 for the usual 256 to 224',
      wholeNumber(1),
    );
}

/** The preprocessing that file and flags describe; undefined for none. `ofModel` takes the place of the file. */
export async function preprocessOf(
  options: PreprocessOptions,
  ofModel: Preprocess | undefined,
): Promise<PreprocessOption | undefined> {
  const { size, scale, mean, std, channels, layout, resize, crop, resizeTo } = options;
  const flags = Object.fromEntries(
    Object.entries({ size, scale, mean, std, channels, layout, resize, crop, resizeTo }).filter(
      ([, value]) => value !== undefined,
    ),
  ) as PreprocessOption;
  if (options.preprocess !== undefined) return { ...(await readPreprocess(options.preprocess)), ...flags };
  return Object.keys(flags).length > 0 ? { ...ofModel, ...flags } : undefined;
}

async function readPreprocess(path: string): Promise<PreprocessOption> {
  const json = await readJson(path, 'the preprocessing');
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as PreprocessOption;
  throw new TailorError(
    'INVALID_ARGUMENT',
    `Reading the preprocessing from ${nameOf(path)}: a JSON object is needed, such as {"size": [224, 224], "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}.`,
  );
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
