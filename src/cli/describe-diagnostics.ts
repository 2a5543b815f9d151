/** A diagnosis in words and tables: what a terminal shows; the rest is in the report and in --json. */
import type { Diagnostics } from '../diagnostics/diagnostics.js';
import { GROUPS } from '../evaluation/groups.js';
import type { ReportContent } from '../report/content.js';
import { percent, textTable } from './text.js';

const MISSING_SHOWN = 6;

export function describeDiagnostics({ diagnostics = [], setNames, advice = [] }: ReportContent): string {
  const [first] = diagnostics;
  const { imbalanceFactor, groups } = first;
  const sizes = GROUPS.map((group) => `${groups.filter((of) => of === group).length} ${group}`).join(', ');
  const imbalance = imbalanceFactor === null ? '' : `, imbalance factor ${figure(imbalanceFactor)}`;
  return [
    ...diagnostics.map(
      ({ name, samples, dimensions }, i) =>
        `${setNames ? `${setNames[i]}: ` : ''}${name}: ${samples} samples × ${dimensions} features`,
    ),
    `${first.classes === 1 ? '1 class' : `${first.classes} classes`} (${sizes})${imbalance}`,
    '',
    textTable(
      ['', ...diagnostics.map((_, i) => setNames?.[i] ?? ''), ''],
      ROWS.map(([label, of, gloss]) => [label, ...diagnostics.map(of), gloss]),
    ),
    ...adviceLines([...advice, ...first.advice]),
    ...missingLines(diagnostics),
  ].join('\n');
}

type Row = readonly [label: string, of: (diagnostics: Diagnostics) => string, gloss: string];

const ROWS: readonly Row[] = [
  [
    "Fisher's discriminant ratio",
    (d) => withInterval(d, 'fdr.value', d.fdr.value),
    'higher separates better',
  ],
  ['  rank of the spread within classes', (d) => `${d.fdr.rank} of ${d.dimensions}`, ''],
  [
    'cosine, different classes',
    (d) => withInterval(d, 'cosine.differentClass', d.cosine.differentClass),
    'near 1: all features in one cone',
  ],
  ['cosine, same class', (d) => withInterval(d, 'cosine.sameClass', d.cosine.sameClass), ''],
  ['NC1, spread within classes', (d) => withInterval(d, 'collapse.nc1', d.collapse.nc1), '0: collapsed'],
  ['NC2, norms of class means', (d) => figure(d.collapse.nc2.equinorm), '0: all alike'],
  ['NC2, angles of class means', (d) => figure(d.collapse.nc2.equiangularity), '0: a simplex'],
  ['NC3, head against class means', (d) => figure(d.collapse.nc3), '0: the same directions'],
  ['NC4, nearest mean disagrees', (d) => percent(d.collapse.nc4), 'of the samples'],
  ['class-mean norms with counts', (d) => figure(d.correlations.classMeanNorms), 'rank correlation'],
  [
    'weight norms with counts',
    (d) => figure(d.correlations.weightNorms),
    'positive: leans to the head classes',
  ],
  ['implicit adjustment γ', (d) => figure(d.theorem2?.implicitGamma ?? null), 'of the head’s norms'],
  ['accuracy, average over classes', (d) => percent(d.accuracy?.average), 'on this set'],
];

function withInterval(diagnostics: Diagnostics, path: string, value: number | null): string {
  const interval = diagnostics.intervals?.[path];
  return interval ? `${figure(value)} (${figure(interval[0])} … ${figure(interval[1])})` : figure(value);
}

function figure(value: number | null): string {
  if (value === null) return '–';
  return Math.abs(value) >= 1e5 || (value !== 0 && Math.abs(value) < 1e-3)
    ? value.toExponential(2)
    : `${Number(value.toPrecision(3))}`;
}

const KINDS = { problem: 'Problem', caution: 'Caution', good: 'Good' };

function adviceLines(advice: Diagnostics['advice']): string[] {
  return advice.flatMap(({ kind, evidence, action }) => ['', `${KINDS[kind]}: ${evidence}`, `  → ${action}`]);
}

/** Once for each reason: a head that is missing takes many figures along. */
function missingLines(diagnostics: readonly Diagnostics[]): string[] {
  const reasons = new Map<string, Set<string>>();
  for (const { figure: path, reason } of diagnostics.flatMap((one) => one.missing)) {
    const figures = reasons.get(reason) ?? new Set();
    reasons.set(reason, figures.add(path));
  }
  const lines = [...reasons].map(
    ([reason, figures]) => `Not computed: ${[...figures].join(', ')} (${reason})`,
  );
  if (lines.length === 0) return [];
  const more = lines.length - MISSING_SHOWN;
  return ['', ...lines.slice(0, MISSING_SHOWN), ...(more > 0 ? [`… and ${more} more: --json`] : [])];
}
