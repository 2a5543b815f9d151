/** What `fit` says of a fitted head: as a document for programs, as text for people. */
import { type FittedHead, survivorsOf } from '../head/fitted-head.js';
import type { Selection } from '../head/selection.js';
import { percent, textTable } from './text.js';

/** A fitted head, and where it was chosen among several, how. */
export interface FitOutcome {
  readonly fit: FittedHead;
  /** All fits, the diverged among them. */
  readonly fits: readonly FittedHead[];
  readonly selection?: Selection<Float32Array>;
  /** Name of the data that the choice was made on. */
  readonly selectedOn?: string;
  /** Where the head was written to. */
  readonly out: string;
}

/** The JSON document. */
export function documentOf({ fit, fits, selection, selectedOn, out }: FitOutcome): object {
  const { method, parameters, epochs, objective, gradientNorm, seconds, warning } = fit;
  const rows = survivorsOf(fits);
  return {
    method,
    parameters,
    epochs,
    objective,
    gradientNorm,
    seconds,
    ...(warning && { warning }),
    ...(selection && {
      selectedOn,
      selection: {
        candidates: selection.table.map(({ average, many, medium, few, change }, place) => ({
          parameters: rows[place].parameters,
          average,
          many,
          medium,
          few,
          change,
        })),
        improvement: selection.improvement,
        notes: selection.warnings,
      },
    }),
    out,
  };
}

/** The same for people. */
export function describeFit({ fit, fits, selection, out }: FitOutcome): string {
  const { method, parameters, epochs, objective, gradientNorm, seconds } = fit;
  const settings = Object.entries(parameters).map(([name, value]) => `${name} ${value}`);
  const lines = [`${method}${settings.length > 0 ? `: ${settings.join(', ')}` : ''}`];
  const last = epochs.at(-1);
  if (last) {
    lines.push(
      `${epochs.length} epochs, loss ${epochs[0].loss.toFixed(4)} → ${last.loss.toFixed(4)}, row norms ${last.norms.min.toFixed(3)} … ${last.norms.max.toFixed(3)}`,
    );
  }
  if (objective !== null && gradientNorm !== null) {
    lines.push(
      `objective ${objective.toPrecision(7)}, largest entry of its gradient ${gradientNorm.toExponential(1)}`,
    );
  }
  if (selection) lines.push('', ...describeChoice(selection, survivorsOf(fits)));
  return [...lines, '', `Written to ${out} in ${seconds.toFixed(2)} s`].join('\n');
}

function describeChoice({ table, samples }: Selection, rows: readonly FittedHead[]): string[] {
  const names = [...new Set(rows.flatMap(({ parameters }) => Object.keys(parameters)))];
  const different = names.filter((name) =>
    rows.some(({ parameters }) => parameters[name] !== rows[0].parameters[name]),
  );
  return [
    `Chosen among ${rows.length} on validation (${samples} samples):`,
    textTable(
      [...different, 'average', 'many', 'medium', 'few'],
      table.map(({ average, many, medium, few }, place) => [
        ...different.map((name) => `${rows[place].parameters[name] ?? ''}`),
        percent(average),
        percent(many),
        percent(medium),
        percent(few),
      ]),
    ),
  ];
}
