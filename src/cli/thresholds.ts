/** --many and --few: where the groups of classes are cut. */
import type { Command } from 'commander';
import { defaultThresholds, type GroupThresholds } from '../evaluation/groups.js';
import { wholeNumber } from './numbers.js';

export interface ThresholdOptions {
  readonly many?: number;
  readonly few?: number;
}

export function addThresholdOptions(command: Command): Command {
  return command
    .option(
      '--many <count>',
      'classes with more training samples are "many"; default 1000 up to 10 classes, else 100',
      wholeNumber(0),
    )
    .option(
      '--few <count>',
      'classes with fewer training samples are "few"; default 200 up to 10 classes, else 20',
      wholeNumber(0),
    );
}

/** The given bounds over the defaults for so many classes. */
export function thresholdsOf({ many, few }: ThresholdOptions, classes: number): GroupThresholds {
  const defaults = defaultThresholds(classes);
  return { many: many ?? defaults.many, few: few ?? defaults.few };
}
