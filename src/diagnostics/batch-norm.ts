/** What batch normalisations were trained to: mean of γ and standard deviation of β (Tables 2 and 3, section 4.3). */
import { type BatchNorm, readBatchNorms } from '../onnx/batch-norms.js';
import type { ModelFile } from '../onnx/model-file.js';

/** Some of the parameters γ or β together. */
export interface ParameterFigures {
  /** How many there are: one per channel. */
  readonly count: number;
  /** Arithmetic mean. */
  readonly mean: number;
  /** Standard deviation of these numbers (divided by their number: they are all that there are, not a sample). */
  readonly std: number;
  /** The same with one fewer in the divisor, as torch.std has it; null for a single number. */
  readonly sampleStd: number | null;
  /** The smallest. */
  readonly minimum: number;
  /** The largest. */
  readonly maximum: number;
}

/** One batch normalisation. */
export interface BatchNormFigures {
  /** Of the module where the model keeps such names ('layer1.0.bn1'), else of the node. */
  readonly name: string;
  /** Number of channels: γ and β have one number for each. */
  readonly channels: number;
  /** Of γ. */
  readonly scale: ParameterFigures;
  /** Of β. */
  readonly shift: ParameterFigures;
}

/** The batch normalisations of a model. JSON-able. */
export interface BatchNormDiagnostics {
  /** γ of all layers pooled: every channel weighs the same, whichever layer it is of. Null where there are none. */
  readonly scale: ParameterFigures | null;
  /** β of all layers pooled. */
  readonly shift: ParameterFigures | null;
  /** From the input to the output. */
  readonly layers: BatchNormFigures[];
  /** Batch normalisations that could not be read. */
  readonly refused: {
    /** Name of the layer. */
    readonly name: string;
    /** Why, in words. */
    readonly reason: string;
  }[];
  /** Why there are none, and what to do; null where there are some. */
  readonly reason: string | null;
}

/**
 * Mean and standard deviation of the scaling parameters γ and the shifting parameters β, in total and for each layer. Weight
 * decay brings the mean of γ down and leaves the standard deviation of β nearly as it is (section 4.3); small γ let the FDR
 * rise. The paper does not say how its totals are pooled nor which divisor its deviation has: here every parameter counts
 * once, and both divisors are given (they differ by less than 0.1 % from 500 channels on).
 *
 * Throws those of external data: MODEL_INVALID, PATH_FORBIDDEN, FILE_NOT_FOUND, FILE_UNREADABLE. A model without batch normalisation is no error: `reason` says why.
 */
export async function batchNormDiagnostics(file: ModelFile): Promise<BatchNormDiagnostics> {
  const { layers, refused, reason } = await readBatchNorms(file);
  const pooled = (of: (layer: BatchNorm) => ArrayLike<number>) =>
    layers.length > 0 ? figuresOf(layers.map(of)) : null;
  return {
    scale: pooled(({ scale }) => scale),
    shift: pooled(({ shift }) => shift),
    layers: layers.map(({ name, channels, scale, shift }) => ({
      name,
      channels,
      scale: figuresOf([scale]),
      shift: figuresOf([shift]),
    })),
    refused: refused.map((one) => ({ ...one })),
    reason: reason ?? null,
  };
}

function figuresOf(parts: readonly ArrayLike<number>[]): ParameterFigures {
  let count = 0;
  let mean = 0;
  let squares = 0;
  let minimum = Number.POSITIVE_INFINITY;
  let maximum = Number.NEGATIVE_INFINITY;
  // Welford's: no difference of large sums, since γ may all be close to each other.
  for (const part of parts) {
    for (let i = 0; i < part.length; i++) {
      const value = part[i];
      const before = value - mean;
      mean += before / ++count;
      squares += before * (value - mean);
      minimum = Math.min(minimum, value);
      maximum = Math.max(maximum, value);
    }
  }
  return {
    count,
    mean,
    std: Math.sqrt(squares / count),
    sampleStd: count > 1 ? Math.sqrt(squares / (count - 1)) : null,
    minimum,
    maximum,
  };
}
