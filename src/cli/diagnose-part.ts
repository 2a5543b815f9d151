/** `diagnose DIR --shard i/n --save-statistics F.npz`: what one task of an array job adds to the diagnosis of the whole. */
import { collectChunks } from '../diagnostics/collect-statistics.js';
import { diagnosedRows } from '../diagnostics/diagnosed-rows.js';
import { writeStatistics } from '../diagnostics/statistics-file.js';
import { type FeatureChunk, featureStreamOf } from '../features/feature-stream.js';
import { fitStream } from '../features/fit-stream.js';
import { startProgress } from '../features/progress.js';
import type { StorePart } from '../features/store/manifest.js';
import { openStore } from '../features/store/read-store.js';
import { readHeadFile } from '../head/head-file.js';
import { isCuda } from '../runtime/ort.js';
import { noteClassOrder } from './class-order.js';
import type { DiagnoseCommandOptions } from './diagnose-options.js';
import { readClassNames } from './input.js';
import { openModelArgument } from './options.js';
import type { Terminal } from './terminal.js';

/** One pass over the shards of `part`; a part without shards has the statistics of no sample, which merge with any. */
export async function diagnosePart(
  folder: string,
  part: StorePart,
  saveStatistics: string,
  options: DiagnoseCommandOptions,
  terminal: Terminal,
): Promise<void> {
  const { threads, device, force } = options;
  const model = options.model === undefined ? undefined : await openModelArgument(options.model, options);
  const head = model ? model.head : options.head === undefined ? undefined : await readHeadFile(options.head);
  const given =
    options.classes === undefined || model ? model?.classes : await readClassNames(options.classes);
  const store = await openStore(folder, part);
  const stream = await featureStreamOf(store);
  if (model) noteClassOrder(stream, model, terminal);
  const target = model ?? head;
  const set = diagnosedRows(target ? fitStream(stream, target) : stream);
  const { samples, dimensions, classCount: classes } = set;
  const clock = startProgress(samples);
  const report = terminal.progress('Collecting');
  const statistics = await collectChunks(head ? withoutLogits(set.chunks()) : set.chunks(), {
    ...{ classes, dimensions, head, threads, signal: terminal.signal },
    // Products are in float64, which webgpu has not; auto means what is fast for them.
    device: isCuda(device) ? device : 'cpu',
    onProgress: (done) => report(clock(done)),
  });
  await writeStatistics(saveStatistics, statistics, {
    overwrite: force,
    name: set.name,
    classNames: given ?? set.classes,
    pieces: [store.piece],
  });
  const size = `${samples} samples × ${dimensions} features (${classes} classes)`;
  terminal.finish(
    { name: set.name, samples, dimensions, classes, part, written: [saveStatistics] },
    `Part ${part.index} of ${part.count} of ${set.name}: statistics of ${size}\nWritten to ${saveStatistics}`,
  );
}

/** Logits in a store may be those of another head. */
async function* withoutLogits(
  chunks: AsyncIterable<FeatureChunk> | Iterable<FeatureChunk>,
): AsyncGenerator<FeatureChunk> {
  for await (const { features, labels } of chunks) yield { features, labels };
}
