import { describe, expect, it } from 'vitest';
import {
  COSINE_STEPS,
  cosineColour,
  cosineStep,
  DARK,
  LIGHT,
  mix,
  type Palette,
} from '../../src/report/palette.js';

/** Relative luminance of WCAG 2. */
function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

describe.each([
  ['light', LIGHT],
  ['dark', DARK],
])('%s palette', (_, palette: Palette) => {
  it('has letters that can be read (WCAG AA) and marks that can be seen', () => {
    expect(contrast(palette.ink, palette.paper)).toBeGreaterThan(12);
    expect(contrast(palette.muted, palette.paper)).toBeGreaterThan(4.5);
    for (const group of ['many', 'medium', 'few'] as const) {
      expect(contrast(palette[group], palette.paper)).toBeGreaterThan(3);
    }
  });

  it('has a cosine map whose lightness only goes one way from 0', () => {
    const dark = luminance(palette.paper) < 0.5;
    for (const sign of [1, -1]) {
      const steps = Array.from({ length: COSINE_STEPS + 1 }, (_unused, i) =>
        luminance(cosineColour(sign * i, palette)),
      );
      for (let i = 1; i < steps.length; i++) {
        if (dark) expect(steps[i]).toBeGreaterThan(steps[i - 1]);
        else expect(steps[i]).toBeLessThan(steps[i - 1]);
      }
    }
  });

  it('has letters that can be read in every cell of the map', () => {
    for (let step = -COSINE_STEPS; step <= COSINE_STEPS; step++) {
      const share = Math.abs(step) / COSINE_STEPS;
      const letters = share < 0.4 ? palette.ink : share < 0.7 ? DARK.paper : palette.paper;
      expect(contrast(letters, cosineColour(step, palette)), `${step}`).toBeGreaterThan(3.5);
    }
  });
});

it('mixes in OKLab and comes back to its ends', () => {
  expect(mix('#0072b2', '#d55e00', 0)).toBe('#0072b2');
  expect(mix('#0072b2', '#d55e00', 1)).toBe('#d55e00');
});

it('cosines fall into steps of 0.05, and out of range into the last', () => {
  expect([0, 0.02, 0.03, 1, 1.2, -0.5, -0.01].map(cosineStep)).toEqual([0, 0, 1, 20, 20, -10, 0]);
});
