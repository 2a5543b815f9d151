import { afterEach, expect, it, vi } from 'vitest';
import { platform } from '#platform';
import { startProgress } from '../../src/features/progress.js';

afterEach(() => {
  vi.restoreAllMocks();
});

it('estimates what is left from what is done', () => {
  let clock = 100;
  vi.spyOn(platform, 'seconds').mockImplementation(() => clock);
  const report = startProgress(8);
  expect(report(0)).toEqual({ done: 0, total: 8, seconds: 0, samplesPerSecond: 0, secondsLeft: undefined });
  clock = 104;
  expect(report(2)).toEqual({ done: 2, total: 8, seconds: 4, samplesPerSecond: 0.5, secondsLeft: 12 });
  clock = 116;
  expect(report(8)).toEqual({ done: 8, total: 8, seconds: 16, samplesPerSecond: 0.5, secondsLeft: 0 });
});

it('has nothing left at the end of a run that no tick of the clock was in', () => {
  vi.spyOn(platform, 'seconds').mockReturnValue(7);
  expect(startProgress(2)(2)).toEqual({
    ...{ done: 2, total: 2, seconds: 0, samplesPerSecond: 0, secondsLeft: 0 },
  });
});
