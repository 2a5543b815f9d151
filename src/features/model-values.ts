/** A model's inputs and outputs and the shape that pictures must have, read from the file without running it. */
import { type Preprocess, type PreprocessDefaults, preprocessDims } from '../data/preprocess.js';
import { graphView, statedType } from '../onnx/graph-view.js';
import { graphOf, type ModelFile } from '../onnx/model-file.js';
import { elementTypes } from '../onnx/protos.js';
import type { ValueInfo } from '../runtime/session.js';

const typeNames = new Map<number, string>(Object.entries(elementTypes).map(([name, type]) => [type, name]));

/** Inputs that must be fed (not those that have an initializer) and outputs. */
export function modelValues(file: ModelFile): { inputs: ValueInfo[]; outputs: ValueInfo[] } {
  const graph = graphOf(file);
  const { initializers } = graphView(file);
  const describe = (info: (typeof graph.input)[number]): ValueInfo => {
    const stated = statedType(info);
    return {
      name: info.name,
      type: (stated && typeNames.get(stated.elementType)) ?? 'other',
      dims: (stated?.dims ?? []).map((length) => length ?? '?'),
    };
  };
  return {
    inputs: graph.input.filter((input) => !initializers.has(input.name)).map(describe),
    outputs: graph.output.map(describe),
  };
}

/**
 * Dims of one sample of each input, without the batch axis, in their order: the model's own, or for pictures those of the
 * preprocessing where the model leaves them open; undefined for an input whose dims neither fixes.
 */
export function sampleDims(
  inputs: readonly ValueInfo[],
  preprocess: Preprocess | undefined,
): (readonly number[] | undefined)[] {
  return inputs.map(({ dims }) => {
    const own = dims.slice(1);
    if (own.every((length) => typeof length === 'number')) return own;
    return preprocess && inputs.length === 1 ? preprocessDims(preprocess) : undefined;
  });
}

/** Layout, size and channels of pictures as far as the model's only input fixes them. */
export function pictureDefaults(inputs: readonly ValueInfo[]): PreprocessDefaults {
  if (inputs.length !== 1 || inputs[0].dims.length !== 4) return {};
  const [, second, third, last] = inputs[0].dims;
  const planes = (size: number | string) => size === 1 || size === 3;
  const layout = planes(last) && !planes(second) ? 'NHWC' : 'NCHW';
  const [channels, height, width] = layout === 'NCHW' ? [second, third, last] : [last, second, third];
  return {
    layout,
    ...(channels === 1 ? { channels: 'GRAY' } : {}),
    ...(typeof height === 'number' && typeof width === 'number' ? { size: [height, width] } : {}),
  };
}
