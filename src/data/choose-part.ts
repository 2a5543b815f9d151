/** Draws the part of a data source that its spec asks for. */
import { countLabels } from '../array/class-counts.js';
import { TailorError } from '../array/errors.js';
import { longTailSplit } from './long-tail.js';
import type { DataSource } from './sample.js';
import type { SourceSpec } from './source-spec.js';
import { subset } from './subset.js';

/**
 * The samples that `longtail`, `validation`, `test`, `part` and `seed` name; all where none of them is given.
 * @param spec as it was written, for messages and provenance.
 * @throws INVALID_ARGUMENT (they do not go together), LABELS_INVALID (there are none), and what longTailSplit throws.
 */
export function choosePart(
  source: DataSource,
  { longtail, validation, test, part, seed }: SourceSpec,
  spec: string,
): DataSource {
  const doing = `Reading the data source "${spec}"`;
  if (longtail === undefined && validation === undefined && test === undefined) {
    if (part === undefined && seed === undefined) return source;
    throw new TailorError(
      'INVALID_ARGUMENT',
      `${doing}: part and seed go with longtail=…, validation=… or test=….`,
    );
  }
  if (part === undefined) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `${doing}: say which part is meant: part=train, part=validation or part=test.`,
    );
  }
  if (part !== 'train' && !{ validation, test }[part]) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `${doing}: part=${part} is empty; say how many of each class it has: ${part}=….`,
    );
  }
  if (!source.labels) {
    throw new TailorError(
      'LABELS_INVALID',
      `${doing}: parts are drawn by class, but it has no labels. Give them: labels=FILE, or target=COLUMN of a table.`,
    );
  }
  const classes =
    source.classes?.length ?? source.labels.reduce((most, label) => Math.max(most, label + 1), 0);
  const [validationPerClass, testPerClass] = [validation ?? 0, test ?? 0];
  const heldOut = validationPerClass + testPerClass;
  // Without a factor nothing is cut: the training part is all that the others leave.
  const counts =
    longtail === undefined
      ? countLabels(source.labels, classes).map((count) => Math.max(0, count - heldOut))
      : undefined;
  const split = longTailSplit(source.labels, classes, {
    imbalance: longtail,
    validationPerClass,
    testPerClass,
    seed,
    counts,
  });
  return subset(source, split[part], spec);
}
