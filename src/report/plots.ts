/** Which plots a content gives, in the order of the report. */
import { accuracyPlot } from './accuracy-plot.js';
import { type Plot, standaloneSvg } from './chart.js';
import { collapsePlot } from './collapse-plot.js';
import { confusionPlot } from './confusion-plot.js';
import { type Classes, classesOf, type ReportContent, setsOf } from './content.js';
import { cosinePlot } from './cosine-plot.js';
import { layersPlot } from './layers-plot.js';
import { normsPlot } from './norms-plot.js';
import { randomLayersPlot } from './random-layers-plot.js';
import { reliabilityPlot } from './reliability-plot.js';
import { fitText } from './words.js';

/** The plots of a report by section. */
export interface ReportPlots {
  readonly answers: readonly Plot[];
  /** In pairs where there are two sets: the same plot of both. */
  readonly features: readonly Plot[];
  readonly collapse: readonly Plot[];
  readonly layers: readonly Plot[];
}

/** All plots that the content has figures for. */
export function drawPlots(content: ReportContent): ReportPlots {
  const classes = classesOf(content);
  if (!classes) return { answers: [], features: [], collapse: [], layers: [] };
  const sets = setsOf(content);
  const collapse = sets.length > 0 && collapsePlot(sets, 'collapse');
  return {
    answers: answerPlots(content, classes),
    features: featurePlots(sets, classes),
    collapse: collapse ? [collapse] : [],
    layers: layerPlots(sets),
  };
}

/**
 * Every plot as an SVG file of its own: name → text, in the order of the report. Names are the same for the same kind of
 * plot; those of the first set end in '-1', of the second in '-2', where there are two.
 */
export function reportPlots(content: ReportContent): Record<string, string> {
  const { answers, features, collapse, layers } = drawPlots(content);
  return Object.fromEntries(
    [...answers, ...features, ...collapse, ...layers].map((plot) => [plot.name, standaloneSvg(plot)]),
  );
}

function answerPlots({ evaluations }: ReportContent, classes: Classes): Plot[] {
  const evaluation = evaluations?.[0];
  if (!evaluation) return [];
  const setName = fitText(evaluation.setName, 24);
  return [
    accuracyPlot(evaluation, classes, { name: 'accuracy', setName }),
    ...(evaluation.confusion ? [confusionPlot(evaluation.confusion, { name: 'confusion', setName })] : []),
    reliabilityPlot(evaluation, { name: 'reliability', setName }),
  ];
}

type Sets = ReturnType<typeof setsOf>;

function featurePlots(sets: Sets, classes: Classes): Plot[] {
  const cosines = sets.map(({ setName, diagnostics }, i) =>
    cosinePlot(diagnostics.cosine, classes, { name: `cosine${suffix(sets, i)}`, setName }),
  );
  const means = sets.map(({ setName, diagnostics: { classMeanNorms, correlations } }, i) =>
    normsPlot(classMeanNorms, classes, {
      name: `class-mean-norms${suffix(sets, i)}`,
      title: `Length of class means, ${setName}`,
      symbol: '‖μₖ‖',
      correlation: correlations.classMeanNorms,
      reading:
        'Training with weight decay makes the class means of rare classes longer, so that the marks rise to the left; ' +
        'without it there is hardly a trend, nor is there on samples that were not trained on.',
    }),
  );
  // The head is one and the same whatever set it is looked at with.
  const headed = sets.find(({ diagnostics }) => diagnostics.weightNorms !== null)?.diagnostics;
  const weights =
    headed &&
    normsPlot(headed.weightNorms!, classes, {
      name: 'weight-norms',
      title: 'Length of the head’s weights',
      symbol: '‖wₖ‖',
      correlation: headed.correlations.weightNorms,
      reading:
        'Longer weights make larger logits: a line that rises to the right favours the frequent classes.',
    });
  return [...cosines, ...means, weights].filter((plot) => plot !== undefined);
}

function layerPlots(sets: Sets): Plot[] {
  const random = sets.flatMap(({ setName, diagnostics: { randomLayers } }) =>
    randomLayers ? [{ setName, figures: randomLayers }] : [],
  );
  return [
    ...sets.map(
      ({ setName, diagnostics: { layers } }, i) =>
        layers && layersPlot(layers.layers, { name: `layers${suffix(sets, i)}`, setName }),
    ),
    randomLayersPlot(random, 'random-layers'),
  ].filter((plot) => plot !== undefined);
}

function suffix(sets: Sets, index: number): string {
  return sets.length > 1 ? `-${index + 1}` : '';
}
