/** Brings the labels of a data source into the class order of a model. */
import { assertLabels } from '../array/class-counts.js';
import { TailorError } from '../array/errors.js';
import { listNames } from '../array/text.js';

/** Labels with the names that their classes have. */
export interface NamedLabels {
  readonly labels?: Int32Array;
  readonly classes?: readonly string[];
}

/**
 * Labels and class names of a source in the model's class order.
 *
 * Where both know the names, labels are mapped by name: the orders may differ, and the source may lack classes, but
 * it may not have a class that the model does not know. Where only one of them knows the names, the numbers of classes
 * must agree and the orders are taken to be the same. Labels must be 0 … classCount − 1.
 *
 * Throws LABELS_INVALID listing what differs.
 */
export function alignLabels(
  source: NamedLabels,
  modelClasses: readonly string[] | undefined,
  classCount: number,
  doing: string,
): NamedLabels {
  const { labels, classes } = source;
  if (!classes || !modelClasses) {
    if (classes && classes.length !== classCount) {
      throw new TailorError(
        'LABELS_INVALID',
        `${doing}: the data has ${classes.length} classes (${listNames(classes)}), the model has ${classCount}, and the model's ` +
          'class names are not known, so the one order cannot be mapped to the other. Give the class names of the model ' +
          '(--classes, the option classes, or metadata onnx_tailor.classes).',
      );
    }
    if (labels) assertLabels(labels, classCount, doing);
    return { labels, classes: classes ?? modelClasses };
  }
  const sameOrder =
    classes.length === modelClasses.length && classes.every((name, k) => name === modelClasses[k]);
  if (sameOrder) {
    if (labels) assertLabels(labels, classCount, doing);
    return { labels, classes };
  }
  const order = mapNames(classes, modelClasses, doing);
  if (labels) assertLabels(labels, classes.length, doing);
  return { labels: labels && Int32Array.from(labels, (label) => order[label]), classes: modelClasses };
}

/** For each class of the source its place in the model. */
function mapNames(classes: readonly string[], modelClasses: readonly string[], doing: string): number[] {
  const places = new Map(modelClasses.map((name, k) => [name, k]));
  const unknown = classes.filter((name) => !places.has(name));
  if (unknown.length > 0) {
    const known = new Set(classes);
    const left = modelClasses.filter((name) => !known.has(name));
    throw new TailorError(
      'LABELS_INVALID',
      `${doing}: the data has ${count(unknown)} that the model does not know (${listNames(unknown)}), and the model has ` +
        `${count(left)} that the data does not (${listNames(left) || 'none'}). Rename the classes of the data to the model's names.`,
    );
  }
  const repeated = classes.find((name) => modelClasses.indexOf(name) !== places.get(name));
  if (repeated !== undefined) {
    throw new TailorError(
      'LABELS_INVALID',
      `${doing}: the model has two classes named "${repeated}", so labels cannot be mapped by name. ` +
        'Give data whose classes are in the order of the model.',
    );
  }
  return classes.map((name) => places.get(name)!);
}

function count(names: readonly string[]): string {
  return names.length === 1 ? '1 class' : `${names.length} classes`;
}
