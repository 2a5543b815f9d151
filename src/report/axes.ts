/** Axes with round numbers. */
import { line, text } from './chart.js';
import { join, type Markup } from './markup.js';
import type { Scale } from './scales.js';

/** The rectangle that data are drawn in. */
export interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** An axis below the frame: numbers, grid lines, and what it measures. */
export function bottomAxis(
  scale: Scale,
  { left, right, top, bottom }: Frame,
  { label, write }: { label: string; write: (value: number) => string },
): Markup {
  return join(
    ...scale.ticks.map((tick) => line('grid', scale(tick), top, scale(tick), bottom)),
    line('axis', left, bottom, right, bottom),
    ...apart(scale).map((tick) =>
      text(write(tick), scale(tick), bottom + 16, { class: 'tick', anchor: 'middle' }),
    ),
    text(label, (left + right) / 2, bottom + 34, { class: 'label', anchor: 'middle' }),
  );
}

/** An axis left of the frame, its label above it, where it reads without turning the head. */
export function leftAxis(
  scale: Scale,
  { left, right, top }: Frame,
  { label, write }: { label: string; write: (value: number) => string },
): Markup {
  return join(
    ...scale.ticks.flatMap((tick) => [
      line('grid', left, scale(tick), right, scale(tick)),
      text(write(tick), left - 7, scale(tick) + 4, { class: 'tick', anchor: 'end' }),
    ]),
    text(label, 8, top - 12, { class: 'label' }),
  );
}

/** Ticks whose numbers do not run into each other. */
function apart(scale: Scale): number[] {
  const kept: number[] = [];
  for (const tick of scale.ticks) {
    if (kept.length === 0 || Math.abs(scale(tick) - scale(kept.at(-1)!)) >= 34) kept.push(tick);
  }
  return kept;
}
