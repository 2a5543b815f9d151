/** A remark where the order of the classes is taken for granted: in another order every number would be wrong. */
import type { Model } from '../features/model.js';
import type { Terminal } from './terminal.js';

/** As many names as a line takes. */
const NAMES_SHOWN = 6;

/** Says so when the data names its classes and the model does not. */
export function noteClassOrder(
  set: { readonly name: string; readonly classes?: readonly string[]; readonly labels?: unknown },
  model: Model,
  terminal: Terminal,
): void {
  if (model.classes || !set.classes || !set.labels) return;
  const shown = set.classes.slice(0, NAMES_SHOWN).join(', ');
  terminal.note(
    `Note: the model does not say its class names, so the classes of ${set.name} are taken to be in its order: ` +
      `${shown}${set.classes.length > NAMES_SHOWN ? ', …' : ''}. If they are not, give the model's names (--classes).`,
  );
}
