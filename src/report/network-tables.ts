/** Tables of theorem 1 and of batch normalisation. */
import type { ParameterFigures } from '../diagnostics/batch-norm.js';
import { type ReportContent, setsOf } from './content.js';
import type { Table } from './table.js';
import { figure, percent } from './words.js';

/** Theorem 1 at its quantiles, for the sets that have a head. */
export function theoremTables(content: ReportContent): Table[] {
  return setsOf(content).flatMap(({ setName, diagnostics: { theorem1 } }) => {
    if (!theorem1) return [];
    const { quantiles, applies, largestCosine, pairs, pairSamples } = theorem1;
    return [
      {
        title: `Theorem 1 on ${setName}`,
        header: ['share of samples', 'ε', 'L', ...(applies ? ['δ', 'bound', 'largest seen'] : [])],
        rows: quantiles.map(({ quantile, epsilon, length, delta, holds, bound, largestCosine: seen }) => [
          percent(quantile),
          figure(epsilon),
          figure(length),
          ...(applies ? [figure(delta), holds ? figure(bound) : 'does not hold', figure(seen)] : []),
        ]),
        note:
          (applies
            ? 'At least this share of the samples has p ≥ 1 − ε and ‖f‖ ≤ L. The head is an equiangular frame, as the theorem presumes: where it holds, no cosine of two classes exceeds the bound.'
            : 'At least this share of the samples has p ≥ 1 − ε and ‖f‖ ≤ L. The head is not the equiangular frame that the theorem presumes: it bounds nothing here.') +
          (largestCosine === null
            ? ''
            : ` Largest cosine of two classes: ${figure(largestCosine)}, of ${pairs === 'all' ? 'all' : `a random ${figure(pairSamples)}`} samples.`),
      },
    ];
  });
}

/** γ and β of the batch normalisations, in total and by layer. */
export function batchNormTables(content: ReportContent): Table[] {
  // The model is one and the same whatever set went through it.
  const batchNorm = setsOf(content).find(({ diagnostics }) => diagnostics.batchNorm)?.diagnostics.batchNorm;
  if (!batchNorm?.scale || !batchNorm.shift) return [];
  const row = (name: string, { scale, shift }: { scale: ParameterFigures; shift: ParameterFigures }) => [
    name,
    figure(scale.count),
    figure(scale.mean),
    figure(scale.std),
    figure(shift.mean),
    figure(shift.std),
  ];
  const { layers } = batchNorm;
  return [
    {
      title: 'Batch normalisation',
      header: ['', 'channels', 'mean γ', 'deviation γ', 'mean β', 'deviation β'],
      rows: [
        row('all layers', { scale: batchNorm.scale, shift: batchNorm.shift }),
        ...layers.slice(0, MOST_LAYERS).map((layer) => row(layer.name, layer)),
      ],
      note:
        'Weight decay makes the scales γ small, which helps the features to separate; the deviation of the shifts β hardly changes.' +
        (layers.length > MOST_LAYERS ? ` Layers not listed: ${layers.length - MOST_LAYERS}.` : ''),
    },
  ];
}

/** Longer lists are for the JSON. */
const MOST_LAYERS = 100;
