/** The mark of a group of classes: its colour and its shape, as in every plot. */
import type { Group } from '../../evaluation/groups.js';
import { outline } from '../../report/marks.js';

const SHAPES = { many: 'circle', medium: 'square', few: 'triangle' } as const;

export function GroupMark({ group }: { readonly group: Group }) {
  return (
    <svg class="plot mark" viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
      <path class={`${group} dot`} d={outline(SHAPES[group], 6, 6, 4.5)} />
    </svg>
  );
}
