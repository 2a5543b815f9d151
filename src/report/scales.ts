/** From numbers to places in a drawing, and the round numbers to write beside the axes. */

/** A map from values to places. */
export interface Scale {
  (value: number): number;
  /** Round values to mark, ascending. */
  readonly ticks: readonly number[];
  readonly domain: readonly [low: number, high: number];
}

type Pair = readonly [number, number];

/** Linear; `round` widens the domain to whole ticks. */
export function linearScale(
  domain: Pair,
  [from, to]: Pair,
  { count = 5, round = false }: { count?: number; round?: boolean } = {},
): Scale {
  let [low, high] = spread(domain);
  const step = niceStep((high - low) / count);
  if (round) {
    // The tolerance keeps 0.30000000000000004 from opening another step.
    low = Math.floor(low / step + 1e-9) * step;
    high = Math.ceil(high / step - 1e-9) * step;
  }
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => cleaned((first + i) * step));
  const factor = (to - from) / (high - low);
  return Object.assign((value: number) => from + (value - low) * factor, {
    ticks,
    domain: [low, high] as const,
  });
}

/** Logarithmic, of positive numbers; ticks at powers of ten, or at 1, 2 and 5 times them where there are few. */
export function logScale(domain: Pair, [from, to]: Pair): Scale {
  let [low, high] = domain;
  if (!(high > low)) [low, high] = [low / 2, high * 2];
  const decades = Math.log10(high / low);
  const steps = decades > 5 ? [1] : decades > 1.5 ? [1, 3] : [1, 2, 5];
  const ticks: number[] = [];
  const jump = Math.max(1, Math.ceil(decades / 8));
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power += jump) {
    for (const step of steps) {
      const tick = cleaned(step * 10 ** power);
      if (tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9)) ticks.push(tick);
    }
  }
  const factor = (to - from) / Math.log(high / low);
  return Object.assign((value: number) => from + Math.log(value / low) * factor, {
    ticks,
    domain: [low, high] as const,
  });
}

/** A domain of one value gets room around it. */
function spread([low, high]: Pair): [number, number] {
  if (high > low) return [low, high];
  const room = low === 0 ? 1 : Math.abs(low) * 0.1;
  return [low - room, low + room];
}

/** The 1, 2 or 5 times a power of ten that is nearest above. */
function niceStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step));
  const ratio = step / power;
  return cleaned((ratio <= 1 ? 1 : ratio <= 2 ? 2 : ratio <= 5 ? 5 : 10) * power);
}

/** Without the last digits that floating point leaves. */
function cleaned(value: number): number {
  return Number(value.toPrecision(12));
}
