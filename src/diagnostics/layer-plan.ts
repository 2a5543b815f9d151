/** How inner tensors of any shape become rows [N, D] that a discriminant ratio can be computed of. */
import { limit } from '../array/limits.js';
import type { ProbedShape } from '../features/run-layers.js';
import { channelAxis } from '../onnx/channel-axis.js';
import type { GraphView } from '../onnx/graph-view.js';

/** `average`: the mean over all positions or tokens, one number per channel; `flatten`: every number. */
export type LayerPool = 'average' | 'flatten';

/** A layer as rows. */
export interface PlannedLayer {
  /** Shape of a sample, without the batch axis. */
  readonly dims: readonly number[];
  /** Axes (of the tensor, batch axis 0) over which the mean is taken. */
  readonly averageOver: readonly number[];
  /** `none` where a sample is a vector already. */
  readonly pool: LayerPool | 'none';
  /** D. */
  readonly dimensions: number;
}

/**
 * The plan for a tensor, or the reason why there is none: vectors [N, D] as they are, also with further axes of length 1;
 * anything else averaged over all axes but that of the channels (see `channelAxis`), or flattened.
 */
export function planLayer(
  view: GraphView,
  tensor: string,
  { dims, rows }: ProbedShape,
  pool: LayerPool,
):
  | PlannedLayer
  | { readonly reason: string; readonly tooLarge?: { readonly found: string; readonly instead: string } } {
  const shape = `[${dims.join(', ')}]`;
  if (dims.length < 2 || dims[0] !== rows)
    return { reason: `its shape ${shape} for ${rows} samples does not begin with the samples` };
  const lengths = dims.slice(1);
  const long = lengths.flatMap((length, i) => (length === 1 ? [] : [i + 1]));
  const numbers = lengths.reduce((product, length) => product * length, 1);
  if (numbers === 0) return { reason: `it has no numbers (${shape})` };
  const positions = long.length > 1;
  const axis = long.length === 1 ? long[0] : channelAxis(view, tensor, dims.length);
  const average = positions && pool === 'average';
  const dimensions = average ? dims[axis] : numbers;
  const most = limit('layerDimensions');
  if (dimensions > most) {
    const found = `it has ${dimensions} dimensions (${shape}${average ? '' : ' with every number one'})`;
    const instead = average || !positions ? 'leave it out' : "use pool 'average' or leave it out";
    const reason = `${found}; at most ${most} are taken, since S_W has their square: ${instead}`;
    return { reason, tooLarge: { found, instead } };
  }
  return {
    dims: lengths,
    averageOver: average ? dims.flatMap((_, i) => (i > 0 && i !== axis ? [i] : [])) : [],
    pool: positions ? pool : 'none',
    dimensions,
  };
}
