/** Options of commands that write a file, and the refusals that come before the work. */
import { type Command, InvalidArgumentError } from 'commander';
import { platform } from '#platform';
import { TailorError } from '../array/errors.js';
import { parseSourceSpec } from '../data/source-spec.js';
import { holdLock } from './locks.js';
import { STDIN } from './stdin.js';

/** --out and --force; one of `endings` is demanded where there are any. */
export function addOutOptions(command: Command, what: string, endings: readonly string[] = ['']): Command {
  const parse = (text: string) => {
    if (text === '' || text === STDIN) {
      throw new InvalidArgumentError(
        'A file name is needed: the file is written beside its target and renamed.',
      );
    }
    if (endings.some((ending) => text.toLowerCase().endsWith(ending))) return text;
    throw new InvalidArgumentError(
      `The name must end in ${endings.join(' or ')}, by which it is known when it is read.`,
    );
  };
  return command
    .requiredOption('--out <file>', what, parse)
    .option('--force', 'overwrite the output if it exists');
}

/** What a command reads: options that name a file, and those that name a data source. */
export interface ReadPaths {
  readonly files?: readonly (string | undefined)[];
  readonly sources?: readonly (string | undefined)[];
}

/**
 * Refuses before the work, not after it, what cannot be written: FILE_UNWRITABLE, FILE_EXISTS without `force`, and, even
 * with it, FILE_EXISTS for a file that the same command reads and that would be lost; FILE_BUSY while another run is to write it.
 * From then on other runs are refused, until the command ends.
 */
export async function assertFree(
  path: string,
  force: boolean | undefined,
  reads: ReadPaths = {},
): Promise<void> {
  await assertReplaceable(path, force, reads);
  await holdLock(path);
}

async function assertReplaceable(
  path: string,
  force: boolean | undefined,
  { files = [], sources = [] }: ReadPaths,
): Promise<void> {
  const folder = platform.folderOf(path);
  if ((await platform.info(folder))?.kind !== 'folder') {
    throw new TailorError(
      'FILE_UNWRITABLE',
      `Writing ${path}: the folder ${folder} does not exist; create it first.`,
    );
  }
  const found = await platform.info(path);
  if (!found) return;
  if (found.kind !== 'file') {
    const what = found.kind === 'folder' ? 'a folder of that name is there' : 'it is a pipe or a device';
    throw new TailorError('FILE_UNWRITABLE', `Writing ${path}: ${what}. Give a file name.`);
  }
  if (!force) {
    // What a run that was killed behind its last step has left is removed all the same.
    await holdLock(path).catch(() => {});
    throw new TailorError(
      'FILE_EXISTS',
      `Writing ${path}: it exists already. Choose another name, or overwrite it with --force.`,
    );
  }
  const read = [...files, ...sources.map((spec) => spec && parseSourceSpec(spec).path)];
  const target = await platform.realPath(path);
  for (const input of read) {
    if (!input || !(await platform.info(input)) || (await platform.realPath(input)) !== target) continue;
    throw new TailorError(
      'FILE_EXISTS',
      `Writing ${path}: this command reads ${input}, which is the same file and would be lost. Choose another name.`,
    );
  }
}
