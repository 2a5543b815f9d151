/** An evaluation in words and tables. */
import type { Evaluation } from '../evaluation/evaluate.js';
import { percent, textTable } from './text.js';

/** As many lines of classes as a screen takes; of more classes, so many of the weakest. */
const CLASSES_SHOWN = 20;
const WEAKEST_SHOWN = 10;
const NAME_WIDTH = 40;

export function describeEvaluation(name: string, evaluation: Evaluation): string {
  const { samples, classes, intervals, groupSizes, nll, ece } = evaluation;
  const measure = (label: string, value: number | null | undefined, interval?: readonly [number, number]) => [
    label,
    percent(value),
    ...(intervals ? [interval ? `${percent(interval[0])} … ${percent(interval[1])}` : ''] : []),
  ];
  const group = (key: 'many' | 'medium' | 'few') =>
    evaluation[key] === undefined
      ? []
      : [measure(`${key} (${count(groupSizes?.[key] ?? 0)})`, evaluation[key], intervals?.[key])];
  return [
    `${name}: ${samples} samples, ${classes} classes`,
    '',
    textTable(
      ['accuracy', '', ...(intervals ? ['95 % interval'] : [])],
      [
        measure('average over classes', evaluation.average, intervals?.average),
        ...group('many'),
        ...group('medium'),
        ...group('few'),
        measure('worst class', evaluation.worst),
        measure('harmonic mean', evaluation.harmonicMean),
        measure('geometric mean', evaluation.geometricMean),
        measure('over samples', evaluation.overall, intervals?.overall),
      ],
    ),
    ...caveats(evaluation),
    '',
    `negative log-likelihood ${nll.toFixed(4)}, expected calibration error ${ece.toFixed(4)}`,
    '',
    classTable(evaluation),
  ].join('\n');
}

/** What the averages leave out, and when the intervals cannot be believed. */
function caveats({ missingClasses, perClassSamples, intervals }: Evaluation): string[] {
  const single = perClassSamples.filter((samples) => samples === 1).length;
  return [
    ...(missingClasses.length > 0
      ? [`${count(missingClasses.length)} without a sample: in no average.`]
      : []),
    ...(intervals && single > 0
      ? [`${count(single)} with a single sample: the intervals are too narrow.`]
      : []),
  ];
}

/** Every class, or the weakest ones where there are many. */
function classTable({ classes, perClass, perClassSamples, classNames }: Evaluation): string {
  const all = Array.from({ length: classes }, (_, k) => k);
  const few = classes <= CLASSES_SHOWN;
  const shown = few
    ? all
    : all
        .filter((k) => perClassSamples[k] > 0)
        .sort((a, b) => perClass[a]! - perClass[b]!)
        .slice(0, WEAKEST_SHOWN);
  const rows = shown.map((k) => [
    shorten(classNames?.[k] ?? `${k}`),
    percent(perClass[k]),
    `${perClassSamples[k]}`,
  ]);
  return [
    textTable([few ? 'class' : 'weakest classes', 'accuracy', 'samples'], rows),
    ...(few ? [] : ['All classes: --json']),
  ].join('\n');
}

/** Lists of synonyms are common as names. */
function shorten(name: string): string {
  return name.length <= NAME_WIDTH ? name : `${name.slice(0, NAME_WIDTH - 1)}…`;
}

function count(classes: number): string {
  return classes === 1 ? '1 class' : `${classes} classes`;
}
