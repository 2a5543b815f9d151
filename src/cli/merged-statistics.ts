/** Statistics that were saved apart, as one: of parts of a feature store none twice, and none missing. */
import { TailorError } from '../array/errors.js';
import { mergeStatistics } from '../diagnostics/merge-statistics.js';
import { joinPieces, missingPieces } from '../diagnostics/pieces.js';
import { type NamedStatistics, readStatistics } from '../diagnostics/statistics-file.js';
import type { Terminal } from './terminal.js';

/** Merged in the order of `paths`: the same files in the same order give the same bits. */
export async function readAllStatistics(
  paths: readonly string[],
  { incomplete = false }: { readonly incomplete?: boolean },
  terminal: Terminal,
): Promise<NamedStatistics> {
  let all: NamedStatistics | undefined;
  const names = new Set<string>();
  for (const path of paths) {
    const next = await readStatistics(path);
    names.add(next.name);
    assertSameNames(all, next);
    // Before the sums, which take longer.
    const pieces = next.pieces && joinPieces(all?.pieces ?? [], next.pieces, path);
    all = {
      statistics: all ? await mergeStatistics(all.statistics, next.statistics) : next.statistics,
      name: [...names].join(' + '),
      classNames: all?.classNames ?? next.classNames,
      pieces: pieces ?? all?.pieces,
    };
  }
  const missing = missingPieces(all!.pieces ?? []);
  if (missing !== undefined && !incomplete) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `Merging statistics of features: ${missing} are missing, and figures of the others say little of the whole. ` +
        'Give the statistics of every part (diagnose FOLDER/ --shard i/n --save-statistics FILE), or take what is there (--incomplete).',
    );
  }
  if (missing !== undefined)
    terminal.note(`Note: ${missing} are missing: every figure is of the others alone.`);
  return all!;
}

/** Statistics are added class by class: other names, or another order of them, are other classes. */
function assertSameNames(one: NamedStatistics | undefined, other: NamedStatistics): void {
  const [names, others] = [one?.classNames, other.classNames];
  if (!names || !others || JSON.stringify(names) === JSON.stringify(others)) return;
  throw new TailorError(
    'LABELS_INVALID',
    `Merging statistics of features: ${one!.name} and ${other.name} have different class names, or in another order. ` +
      'Statistics that are merged share their classes.',
  );
}
