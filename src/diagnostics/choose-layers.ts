/** Which tensors of a network are looked at, as what rows, and in how many passes over the data. */
import { TailorError } from '../array/errors.js';
import { limitExceeded } from '../array/limits.js';
import { type LayerRun, probeShapes, type RowsView } from '../features/run-layers.js';
import { findActivations } from '../onnx/activations.js';
import { whyNotExposable } from '../onnx/expose-outputs.js';
import { findLayers, type LayerKind } from '../onnx/find-layers.js';
import { type GraphView, graphView } from '../onnx/graph-view.js';
import { type LayerPool, type PlannedLayer, planLayer } from './layer-plan.js';

/** A tensor that was asked for. */
interface WantedLayer {
  readonly tensor: string;
  readonly kind: LayerKind | 'features' | 'named';
  /** The operator that gives it out; 'input' for an input of the model. */
  readonly operator: string;
  /** True where no entry can be below 0, so that a ReLU changes nothing. */
  readonly nonNegative: boolean;
}

/** A tensor that is looked at. */
export interface Layer extends WantedLayer, PlannedLayer {}

/** A tensor that was found but cannot be looked at. */
export interface SkippedLayer {
  readonly tensor: string;
  readonly reason: string;
}

/** What is asked for: tensors by name, or kinds of layers. */
export interface LayerChoice {
  readonly tensors?: readonly string[];
  readonly kinds?: readonly LayerKind[];
}

/**
 * The layers to look at, with their shapes, and those that were found but cannot be looked at. Throws INVALID_ARGUMENT or
 * LIMIT_EXCEEDED for a tensor that was named, and where nothing is left.
 */
export async function chooseLayers(
  run: LayerRun,
  choice: LayerChoice,
  pool: LayerPool,
  doing: string,
): Promise<{ layers: Layer[]; skipped: SkippedLayer[] }> {
  const { file, location } = run.model;
  const view = graphView(file);
  const wanted = wantedLayers(view, location.features, choice);
  if (wanted.length === 0) throw new TailorError('INVALID_ARGUMENT', `${doing}: no tensors were named.`);
  const skipped: SkippedLayer[] = [];
  const open = wanted.filter(({ tensor, kind }) => {
    // A named one is refused by exposeOutputs.
    const reason = kind === 'named' ? undefined : whyNotExposable(view, tensor, file);
    if (reason) skipped.push({ tensor, reason });
    return !reason;
  });
  const names = open.map(({ tensor }) => tensor);
  const shapes = names.length > 0 ? await probeShapes(run, names) : [];
  const layers: Layer[] = [];
  for (const [i, layer] of open.entries()) {
    const { tensor, kind } = layer;
    const plan = planLayer(view, tensor, shapes[i], pool);
    if (!('reason' in plan)) layers.push({ ...layer, ...plan });
    else if (kind !== 'named') skipped.push({ tensor, reason: plan.reason });
    else {
      const cannot = `${doing}: the tensor '${tensor}' cannot be looked at`;
      if (!plan.tooLarge) throw new TailorError('INVALID_ARGUMENT', `${cannot}: ${plan.reason}.`);
      const { found, instead } = plan.tooLarge;
      throw limitExceeded('layerDimensions', `${cannot}: ${found}`, {
        instead: `${instead[0].toUpperCase()}${instead.slice(1)}.`,
      });
    }
  }
  if (layers.length > 0) return { layers, skipped };
  throw new TailorError(
    'INVALID_ARGUMENT',
    `${doing}: none of the ${skipped.length} layers can be looked at; '${skipped[0].tensor}': ${skipped[0].reason}.`,
  );
}

function wantedLayers(
  view: GraphView,
  features: string,
  { tensors, kinds = ['activation'] }: LayerChoice,
): WantedLayer[] {
  const one = (tensor: string, kind: WantedLayer['kind']): WantedLayer => {
    const activation = findActivations(view, tensor).find((found) => found.tensor === tensor);
    const node = view.graph.node[view.producers.get(tensor)?.node ?? -1];
    return {
      tensor,
      kind,
      operator: activation?.operator ?? node?.opType ?? 'input',
      nonNegative: activation?.nonNegative ?? false,
    };
  };
  if (tensors) return [...new Set(tensors)].map((tensor) => one(tensor, 'named'));
  const found = findLayers(view, features, kinds).filter(({ tensor }) => tensor !== features);
  return [
    ...found.map(({ tensor, kind, operator, nonNegative }) => ({ tensor, kind, operator, nonNegative })),
    one(features, 'features'),
  ];
}

/** The tensor, and the tensor behind a ReLU where that makes a difference. */
export function viewsOf({ tensor, dimensions, averageOver, nonNegative }: Layer): RowsView[] {
  const view = { tensor, dimensions, averageOver };
  return nonNegative ? [view] : [view, { ...view, relu: true }];
}

/** Layers in their order, as many in a pass as have room for their scatter matrices in `memory` bytes; one at least. */
export function splitIntoPasses(layers: readonly Layer[], memory: number): Layer[][] {
  const passes: Layer[][] = [];
  let left = 0;
  for (const layer of layers) {
    const bytes = viewsOf(layer).length * layer.dimensions ** 2 * 8;
    if (passes.length === 0 || bytes > left) {
      passes.push([]);
      left = memory;
    }
    passes[passes.length - 1].push(layer);
    left -= bytes;
  }
  return passes;
}
