/** FDR and ReLUFDR of a network, layer by layer (Figure 6). */
import { TailorError } from '../array/errors.js';
import { denseData } from '../array/matrix.js';
import { checkLabels } from '../data/check-labels.js';
import { alignLabels } from '../data/class-names.js';
import type { DataSource } from '../data/sample.js';
import type { Model, PreprocessOption } from '../features/model.js';
import { startProgress } from '../features/progress.js';
import { DEFAULT_BATCH, type ExtractOptions, passSizes } from '../features/run-batches.js';
import { type LayerRun, runLayers } from '../features/run-layers.js';
import type { LayerKind } from '../onnx/find-layers.js';
import { chooseLayers, splitIntoPasses, viewsOf } from './choose-layers.js';
import { type Fdr, type FdrCenter, fisherRatio } from './fdr.js';
import type { LayerPool } from './layer-plan.js';
import { RunningStatistics } from './running-statistics.js';

/** Memory for the scatter of all layers of one pass over the data; what needs more is done in several passes. */
const SCATTER_BYTES = 2 ** 29;

/**
 * As for `fisherRatio`: inner tensors are rounded to float32 after sums of hundreds of products, so that what depends on other
 * channels exactly (a 1×1 shortcut to more channels than it has inputs, averaged) does so to 10⁻⁶ only, squared in the scatter.
 */
const TOLERANCE = 1e-10;

/** Options of `probeLayers`. */
export interface LayerOptions extends ExtractOptions {
  /** Names of tensors to look at, instead of those that are found. */
  readonly tensors?: readonly string[];
  /** Kinds of layers to be found on the way to the head, default ['activation']; the head's features always come last. */
  readonly kinds?: readonly LayerKind[];
  /** Default 'average'. */
  readonly pool?: LayerPool;
  /** As for `fisherRatio`. Default 'samples'. */
  readonly center?: FdrCenter;
  /** As for `fisherRatio`, default 10⁻¹⁰: what float32 rounds within a network is no dimension of its own. */
  readonly tolerance?: number;
  /** As for `Model.extract`. */
  readonly preprocess?: PreprocessOption;
  /** Bytes that the scatter matrices of one pass may take, default 512 MiB. A single layer may always take its own. */
  readonly memory?: number;
}

/** One layer. */
export interface LayerFigures {
  /** Name of the tensor. */
  readonly tensor: string;
  /** 'features': what the head takes; 'named': named by the caller. */
  readonly kind: LayerKind | 'features' | 'named';
  /** The operator that gives the tensor out, 'Silu', 'Gelu', 'HardSwish' and 'Mish' for those that are written out; 'input' for an input. */
  readonly operator: string;
  /** Shape of a sample. */
  readonly dims: number[];
  /** What made one vector of it; 'none' where it is one. */
  readonly pool: LayerPool | 'none';
  /** D, the length of that vector. */
  readonly dimensions: number;
  /** FDR of the tensor, pooled. */
  readonly fdr: Fdr;
  /** FDR of relu(tensor), the ReLU before the mean over positions. The same as `fdr` where no entry can be negative. */
  readonly reluFdr: Fdr;
}

/** What `probeLayers` tells. JSON-able. */
export interface LayerDiagnostics {
  /** Name of the source. */
  readonly name: string;
  /** N. */
  readonly samples: number;
  /** C. */
  readonly classes: number;
  /** What made one vector of a map or of tokens. */
  readonly pool: LayerPool;
  /** What the ratios take as the centre of S_B. */
  readonly center: FdrCenter;
  /** From the input to the head. */
  readonly layers: LayerFigures[];
  /** Tensors that were found but could not be looked at. */
  readonly skipped: {
    /** Name of the tensor. */
    readonly tensor: string;
    /** Why, in words. */
    readonly reason: string;
  }[];
  /** How often the data went through the model. */
  readonly passes: number;
  /** Where the model ran: cpu, cuda or webgpu. */
  readonly device: string;
  /** From the first pass to the last figure. */
  readonly seconds: number;
}

/**
 * FDR of every activation on the way to the head, and of the head's features, over the samples of a source; and FDR of the
 * same behind a ReLU, which is what Figure 6 shows (there, of the outputs of linear, batch-norm and ReLU layers of MLPs: `kinds`
 * ['linear', 'normalization', 'activation']).
 *
 * Tensors that hold a vector for each of many positions, maps [N, C, H, W] or tokens [N, T, D], become one vector: with pool
 * 'average' (the default) the mean over all positions, as a network with global average pooling sees them, with D the number of
 * channels; with 'flatten' all numbers, as the authors' code has it (their figure is of vectors, where both are the same).
 * Flattened maps have more dimensions than there are samples, mostly, and then no finite ratio says how well they separate
 * (`fdr.outside`); more than 4,096 dimensions are refused. Of a transformer's tokens the mean is taken over all, a class token
 * included. Which axis has the channels is told by the operators in front; see `channelAxis`.
 *
 * The data go through the model once, with inner tensors as further outputs and pooled by onnxruntime, so that no map is
 * ever held here; statistics are collected batch-wise and merged, at D² numbers a layer, and in further passes where `memory`
 * is too small for all of them. Progress counts samples of all passes.
 *
 * Throws INVALID_ARGUMENT for a tensor that cannot be looked at, LIMIT_EXCEEDED for a named one with too many dimensions,
 * LABELS_INVALID for a source without labels, NOT_FINITE naming tensor and sample, ABORTED, and what `Model.extract` throws.
 */
export async function probeLayers(
  model: Model,
  source: DataSource | Promise<DataSource>,
  options: LayerOptions = {},
): Promise<LayerDiagnostics> {
  const { pool = 'average', center = 'samples', tolerance = TOLERANCE, memory = SCATTER_BYTES } = options;
  const { signal, threads } = options;
  const data = await source;
  const doing = `Probing the layers on ${data.name}`;
  assertOneOf(['average', 'flatten'], [pool], 'the pool', doing);
  assertOneOf(['activation', 'normalization', 'linear'], options.kinds ?? [], 'a kind of layers', doing);
  const { samples, batch = Math.min(DEFAULT_BATCH, samples) } = passSizes(data, options, doing);
  const labels = labelsOf(model, data, samples, doing);
  const run: LayerRun = { model, source: data, samples, batch, options };
  const { layers, skipped } = await chooseLayers(run, options, pool, doing);
  const passes = splitIntoPasses(layers, memory);
  const report = startProgress(samples * passes.length);
  options.onProgress?.(report(0));
  const figures: LayerFigures[] = [];
  let device = '';
  for (const [pass, part] of passes.entries()) {
    const views = part.flatMap(viewsOf);
    const { classes } = model.location;
    const running = views.map(
      ({ dimensions }) => new RunningStatistics({ classes, dimensions, samples, threads, signal }),
    );
    device = await runLayers(run, views, async (batch) => {
      const end = batch.start + batch.samples;
      for (const [i, rows] of batch.rows.entries())
        await running[i].add(denseData(rows), labels.subarray(batch.start, end));
      options.onProgress?.(report(pass * samples + end));
    });
    const ratios: Fdr[] = [];
    for (const one of running)
      ratios.push(await fisherRatio(await one.total(), { center, tolerance, signal, threads }));
    for (const layer of part) {
      const fdr = ratios.shift() as Fdr;
      const { tensor, kind, operator, dims, dimensions } = layer;
      const reluFdr = layer.nonNegative ? fdr : (ratios.shift() as Fdr);
      figures.push({ tensor, kind, operator, dims: [...dims], pool: layer.pool, dimensions, fdr, reluFdr });
    }
  }
  return {
    name: data.name,
    samples,
    classes: model.location.classes,
    pool,
    center,
    layers: figures,
    skipped,
    passes: passes.length,
    device,
    seconds: report(samples * passes.length).seconds,
  };
}

function assertOneOf(
  allowed: readonly string[],
  found: readonly string[],
  what: string,
  doing: string,
): void {
  const wrong = found.find((one) => !allowed.includes(one));
  if (wrong === undefined) return;
  throw new TailorError(
    'INVALID_ARGUMENT',
    `${doing}: ${what} is '${wrong}'; allowed are ${allowed.map((one) => `'${one}'`).join(', ')}.`,
  );
}

function labelsOf(model: Model, source: DataSource, samples: number, doing: string): Int32Array {
  checkLabels(source.labels, source.length, undefined, source.name);
  const named = { labels: source.labels?.slice(0, samples), classes: source.classes };
  const { labels } = alignLabels(named, model.classes, model.location.classes, doing);
  if (labels) return labels;
  throw new TailorError(
    'LABELS_INVALID',
    `${doing}: the source has no labels, and a discriminant ratio is between classes. Give a source with labels.`,
  );
}
