/** Where `extract` writes: a feature file, or a feature store (a folder). */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { platform } from '#platform';
import { TailorError } from '../array/errors.js';
import { isCifarFolder } from '../data/cifar.js';
import { parseSourceSpec } from '../data/source-spec.js';
import { isStoreFile } from '../features/store/layout.js';
import type { StorePart } from '../features/store/manifest.js';
import { FEATURE_ENDINGS } from '../features/write-arrays.js';
import { wholeNumber } from './numbers.js';
import { parsePart } from './part.js';
import { STDIN } from './stdin.js';

/** What the options of a store become. */
export interface StoreOptions {
  readonly resume?: boolean;
  readonly shard?: StorePart;
  readonly shardRows?: number;
}

/** --out, --force and what goes with a store. */
export function addExtractOutOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--out <file|folder/>',
        `where the features go: a file (${FEATURE_ENDINGS.join(', ')}), or a folder of shards, with / at its end`,
      )
        .argParser(parseOut)
        .makeOptionMandatory(),
    )
    .option('--force', 'overwrite the output if it exists')
    .option('--resume', 'of a folder: go on where a run was stopped or killed; starts where none was')
    .option(
      '--shard <i/n>',
      'of a folder: only part i of n, for one of n tasks that write to the same folder',
      parsePart,
    )
    .option(
      '--shard-rows <samples>',
      'of a folder: samples of a shard, a multiple of the batch; default: shards of about 64 MB',
      wholeNumber(1),
    );
}

/** Whether --out means a folder; what belongs to folders only is wrong usage with a file. */
export async function isStoreOut(
  command: Command,
  out: string,
  { force, ...options }: StoreOptions & { readonly force?: boolean },
): Promise<boolean> {
  if (/[\\/]$/.test(out) || (await platform.info(out))?.kind === 'folder') {
    if (force && options.resume) command.error('error: either --resume or --force');
    return true;
  }
  const names = { resume: '--resume', shard: '--shard', shardRows: '--shard-rows' } as const;
  for (const [key, name] of Object.entries(names)) {
    if (options[key as keyof StoreOptions] === undefined) continue;
    command.error(`error: ${name} goes with a folder of shards: --out ${out.replace(/\.\w+$/, '')}/`);
  }
  if (FEATURE_ENDINGS.some((ending) => out.toLowerCase().endsWith(ending))) return false;
  return command.error(
    `error: --out ${out}: the name must end in ${FEATURE_ENDINGS.join(', ')} for a file, or in / for a folder of shards.`,
  );
}

/**
 * Refuses a store in the place of what it is made from: in the folder of the data, whose subfolders are classes, or around a file that
 * has the name of one of a store's own. FILE_EXISTS.
 */
export async function assertStoreApart(
  out: string,
  data: string,
  files: readonly (string | undefined)[],
): Promise<void> {
  const refused = (what: string) =>
    new TailorError('FILE_EXISTS', `Extracting features to ${out}: ${what} Choose another folder.`);
  const { path, kind } = parseSourceSpec(data);
  const folder = await realTarget(out);
  const info = await platform.info(path);
  if (info?.kind === 'folder') {
    const real = await platform.realPath(path);
    if (folder === real) throw refused('it is the folder of the data.');
    const classes = kind === 'folder' || (kind === undefined && !(await isCifarFolder(path)));
    if (classes && folder.startsWith(real) && /[/\\]/.test(folder.charAt(real.length))) {
      throw refused(
        `it is inside of ${path}, whose subfolders are classes: the next run would take it for one.`,
      );
    }
  }
  for (const file of [path, ...files]) {
    if (!file || (await platform.info(file))?.kind !== 'file') continue;
    const real = await platform.realPath(file);
    if (platform.folderOf(real) === folder && isStoreFile(platform.baseName(real))) {
      throw refused(
        `this command reads ${file}, which has the name of a file of feature stores and would be lost.`,
      );
    }
  }
}

/** Where a path leads, of which the end may not be there yet. */
async function realTarget(path: string): Promise<string> {
  if (await platform.info(path)) return platform.realPath(path);
  const plain = path.replace(/[\\/]+$/, '');
  return platform.joinPath(await realTarget(platform.folderOf(plain)), platform.baseName(plain));
}

function parseOut(text: string): string {
  if (text !== '' && text !== STDIN) return text;
  throw new InvalidArgumentError(
    'A file name or a folder is needed: files are written beside their target and renamed.',
  );
}
