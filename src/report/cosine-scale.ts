/** The colours of the cosine map with their numbers, and where the means lie. */
import type { CosineFigures } from '../diagnostics/diagnostics.js';
import { text } from './chart.js';
import { digits, element, join, type Markup } from './markup.js';
import { COSINE_STEPS, cosineClass } from './palette.js';
import { figure, shortNumber } from './words.js';

/**
 * A bar from 0, or from −1 where there is anything below 0, to 1: always the whole range, so that two maps can be compared.
 * The means, where there are any, are marked one above and one below, so that they never collide. From y − 22 to y + 47, or from y
 * to y + 26 without means.
 */
export function cosineScale(
  { sameClass, differentClass }: Pick<CosineFigures, 'sameClass' | 'differentClass'>,
  { left, right, y, negative }: { left: number; right: number; y: number; negative: boolean },
): Markup {
  const first = negative ? -COSINE_STEPS : 0;
  const steps = Array.from({ length: COSINE_STEPS - first + 1 }, (_, i) => first + i);
  const width = (right - left) / (steps.length - 1);
  const x = (cosine: number) => left + (Math.max(first, cosine * COSINE_STEPS) - first) * width;
  const pointer = (cosine: number, words: string, above: boolean): Markup => {
    const at = x(cosine);
    const anchor = at < left + 90 ? undefined : at > right - 90 ? 'end' : 'middle';
    const shift = anchor === undefined ? -4 : anchor === 'end' ? 4 : 0;
    return join(
      element('path', {
        class: 'accent fill',
        d: `M${digits(at)} ${digits(above ? y - 2 : y + 14)}l-4 ${above ? -6 : 6}h8z`,
      }),
      text(`${words} ${figure(cosine)}`, at + shift, above ? y - 12 : y + 32, { class: 'small', anchor }),
    );
  };
  const ticks = negative ? [-1, -0.5, 0, 0.5, 1] : [0, 0.25, 0.5, 0.75, 1];
  return join(
    text('cosine', left - 14, y + 10, { class: 'small', anchor: 'end' }),
    ...steps.map((step) => {
      // The colours at the ends stand for half a step.
      const [from, to] = [Math.max(step - 0.5, first), Math.min(step + 0.5, COSINE_STEPS)];
      return element('rect', {
        class: cosineClass(step),
        x: left + (from - first) * width,
        y,
        width: (to - from) * width + (step < COSINE_STEPS ? 0.2 : 0),
        height: 12,
      });
    }),
    ...ticks.map((tick) => {
      const anchor = tick === 1 ? 'end' : tick === ticks[0] ? undefined : 'middle';
      return text(shortNumber(tick), x(tick), y + (sameClass === null ? 26 : 47), { class: 'tick', anchor });
    }),
    differentClass !== null && pointer(differentClass, 'different classes', true),
    sameClass !== null && pointer(sameClass, 'same class', false),
  );
}
