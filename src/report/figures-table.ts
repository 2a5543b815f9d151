/** The figures of diagnostics side by side, with what each means in plain words. */
import type { Diagnostics } from '../diagnostics/diagnostics.js';
import { COLLAPSE } from './collapse-plot.js';
import { type ReportContent, setsOf } from './content.js';
import type { Table } from './table.js';
import { figure, percent, percentRange, range } from './words.js';

interface FigureRow {
  readonly path: string;
  readonly name: string;
  readonly gloss: string;
  readonly value: (diagnostics: Diagnostics) => number | null | undefined;
  /** To be written in per cent. */
  readonly share?: boolean;
}

const FIGURES: readonly FigureRow[] = [
  { path: 'samples', name: 'samples', gloss: '', value: (d) => d.samples },
  {
    path: 'imbalanceFactor',
    name: 'imbalance factor',
    gloss: 'Training samples of the largest class against those of the smallest.',
    value: (d) => d.imbalanceFactor,
  },
  {
    path: 'fdr.value',
    name: 'FDR',
    gloss:
      'Fisher’s discriminant ratio: distance between classes against the spread within. Higher is easier to separate.',
    value: (d) => d.fdr.value,
  },
  {
    path: 'fdr.rank',
    name: 'rank of the spread',
    gloss: 'Dimensions in which samples of one class differ; the FDR is measured there.',
    value: (d) => d.fdr.rank,
  },
  {
    path: 'fdr.condition',
    name: 'condition number',
    gloss: 'Above about 1e12 the last digits of the FDR are noise.',
    value: (d) => d.fdr.condition,
  },
  {
    path: 'cosine.sameClass',
    name: 'cosine, same class',
    gloss: 'How alike the directions of two samples of one class are; 1 is alike.',
    value: (d) => d.cosine.sameClass,
  },
  {
    path: 'cosine.differentClass',
    name: 'cosine, different classes',
    gloss: 'The same for two classes. High: the cone effect.',
    value: (d) => d.cosine.differentClass,
  },
  {
    path: 'correlations.classMeanNorms',
    name: 'class means against counts',
    gloss:
      'Rank correlation of ‖μₖ‖ with the training samples. Below 0: rare classes have the longer class means.',
    value: (d) => d.correlations.classMeanNorms,
  },
  {
    path: 'correlations.featureNorms',
    name: 'features against counts',
    gloss: 'Rank correlation of the mean ‖f‖ of a class with its training samples.',
    value: (d) => d.correlations.featureNorms,
  },
  {
    path: 'correlations.weightNorms',
    name: 'weights against counts',
    gloss:
      'Rank correlation of ‖wₖ‖ with the training samples. Above 0: the head leans towards frequent classes.',
    value: (d) => d.correlations.weightNorms,
  },
  {
    path: 'sparsity.hoyer',
    name: 'sparsity',
    gloss: 'Hoyer’s measure: 0 where all entries of a feature are alike, 1 where only one is not zero.',
    value: (d) => d.sparsity.hoyer,
  },
  {
    path: 'accuracy.average',
    name: 'average accuracy',
    gloss: 'Of the head on this set, each class counting the same.',
    value: (d) => d.accuracy?.average,
    share: true,
  },
  {
    path: 'theorem2.implicitGamma',
    name: 'implicit adjustment γ',
    gloss: 'How strongly the lengths of the head make up for rare classes: ‖wₖ‖ ∝ πₖ^−γ. 0: not at all.',
    value: (d) => d.theorem2?.implicitGamma,
  },
  {
    path: 'theorem2.r2',
    name: 'share explained by γ',
    gloss: 'Of the variance of log ‖wₖ‖, 0 to 1. Near 0, γ means nothing.',
    value: (d) => d.theorem2?.r2,
  },
  {
    path: 'theorem2.centring',
    name: 'centring',
    gloss: 'Length of the mean of class means against theirs; theorem 2 presumes 0.',
    value: (d) => d.theorem2?.centring,
  },
  {
    path: 'theorem2.gradientRatio',
    name: 'gradient at W*',
    gloss: 'Against that at 0. Small: theorem 2’s head is close to the optimum of stage 2.',
    value: (d) => d.theorem2?.gradientRatio,
  },
];

/** The figures of diagnostics side by side, with what each means. */
export function figuresTable(content: ReportContent): Table[] {
  return sideBySide(content, 'Figures of the features', FIGURES);
}

/** NC1 to NC4. */
export function collapseTable(content: ReportContent): Table[] {
  return sideBySide(
    content,
    'Distances from neural collapse',
    COLLAPSE.map(({ key, ...rest }) => ({ path: key, ...rest })),
  );
}

function sideBySide(content: ReportContent, title: string, figures: readonly FigureRow[]): Table[] {
  const sets = setsOf(content);
  const rows = figures.flatMap(({ path, name, gloss, value, share }) => {
    const values = sets.map(({ diagnostics }) => value(diagnostics));
    if (values.every((found) => found == null)) return [];
    const cells = values.map((found, i) => {
      const interval = sets[i].diagnostics.intervals?.[path];
      const written = share ? percent(found) : figure(found);
      return interval ? `${written} (${share ? percentRange(interval) : range(interval)})` : written;
    });
    return [[name, ...cells, gloss]];
  });
  if (rows.length === 0) return [];
  return [
    {
      title,
      header: ['', ...sets.map(({ setName }) => setName), 'in plain words'],
      rows,
      prose: [sets.length + 1],
      note: sets.some(({ diagnostics }) => diagnostics.intervals)
        ? 'In brackets: 95 % intervals.'
        : undefined,
    },
  ];
}
