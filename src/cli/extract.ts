/** `onnx-tailor extract MODEL --data SRC --out F.npz|DIR/`: features, logits and labels of a data source. */
import { Command } from 'commander';
import { openSource } from '../data/open-source.js';
import type { DataSource } from '../data/sample.js';
import type { Model } from '../features/model.js';
import { extractStore } from '../features/store/extract-store.js';
import { writeFeatures } from '../features/write-features.js';
import { noteClassOrder } from './class-order.js';
import { addExtractOutOptions, assertStoreApart, isStoreOut, type StoreOptions } from './extract-out.js';
import { SOURCES, STDIN_NOTE } from './help.js';
import { wholeNumber } from './numbers.js';
import {
  addDataOptions,
  addHeadOption,
  type DataOptions,
  extractionOf,
  openModelArgument,
} from './options.js';
import { assertFree } from './output.js';
import type { Terminal } from './terminal.js';

interface Options extends DataOptions, StoreOptions {
  readonly data: string;
  readonly out: string;
  readonly limit?: number;
  readonly output?: string;
  readonly force?: boolean;
}

export function extractCommand(terminal: Terminal): Command {
  const command = new Command('extract')
    .argument('<model>', 'an .onnx file')
    .requiredOption(
      '--data <src>',
      'pictures by class in folders, tables, .npz, .npy, IDX or CIFAR; see below',
    )
    .option('--limit <samples>', 'only the first so many', wholeNumber(1))
    .addHelpText('after', `${SOURCES}\n${STDIN_NOTE}\n${EXAMPLES}`);
  addExtractOutOptions(command);
  return addHeadOption(addDataOptions(command)).action(async (path: string, options: Options) => {
    const { data, out, force } = options;
    const toStore = await isStoreOut(command, out, options);
    const files = [path, options.preprocess, options.classes];
    if (toStore) await assertStoreApart(out, data, files);
    else await assertFree(out, force, { files, sources: [data] });
    const model = await openModelArgument(path, options);
    const source = await openSource(data, model);
    try {
      if (toStore) {
        await toFolder(model, source, options, terminal);
      } else await toFile(model, source, options, terminal);
    } finally {
      await source.close?.();
    }
  });
}

async function toFile(model: Model, source: DataSource, options: Options, terminal: Terminal): Promise<void> {
  const { out, limit, force } = options;
  const set = await model.extract(source, { ...extractionOf(options, terminal, 'Extracting'), limit });
  noteClassOrder(set, model, terminal);
  terminal.checkpoint(`extracting features of ${source.name}`);
  await writeFeatures(out, set, { overwrite: force });
  const { device, refusedDevices, seconds, samplesPerSecond } = set.extraction!;
  const { samples, dimensions, classCount: classes } = set;
  terminal.finish(
    { samples, dimensions, classes, device, refusedDevices, seconds, samplesPerSecond, out },
    `${samples} samples × ${dimensions} features (${classes} classes${set.labels ? '' : ', no labels'}) in ${seconds.toFixed(1)} s on ${device}\nWritten to ${out}`,
  );
}

async function toFolder(
  model: Model,
  source: DataSource,
  options: Options,
  terminal: Terminal,
): Promise<void> {
  const { out, limit, force, resume, shard, shardRows } = options;
  const made = await extractStore(model, source, out, {
    ...extractionOf(options, terminal, 'Extracting'),
    ...{ limit, resume, overwrite: force, part: shard, shardRows },
  });
  noteClassOrder({ name: source.name, classes: made.classes, labels: source.labels }, model, terminal);
  const { samples, dimensions, classCount: classes, shards, part, cached, resumed, extraction } = made;
  const size = `${samples} samples × ${dimensions} features (${classes} classes${made.labelled ? '' : ', no labels'})`;
  const whose = part.count > 1 ? `Part ${part.index} of ${part.count}: ` : '';
  const how = cached
    ? 'were there already, of the same model, preprocessing and data'
    : extraction
      ? `in ${extraction.seconds.toFixed(1)} s on ${extraction.device}${resumed > 0 ? `, ${resumed} of them were there already` : ''}`
      : resumed > 0
        ? 'were there already'
        : 'no shard is left for it';
  terminal.finish(
    {
      ...{ samples, dimensions, classes, shards, part, batch: made.batch, cached, resumed },
      ...{ device: extraction?.device ?? null, refusedDevices: extraction?.refusedDevices ?? [] },
      ...{ seconds: extraction?.seconds ?? 0, samplesPerSecond: extraction?.samplesPerSecond ?? 0, out },
    },
    `${whose}${size} ${how}\n${cached ? 'Nothing to do in' : 'Written to'} ${out} (${shards} ${shards === 1 ? 'shard' : 'shards'})`,
  );
}

const EXAMPLES = `
Examples:
  onnx-tailor extract classifier.onnx --data pictures/val --out val.npz
  onnx-tailor extract classifier.onnx --data pictures/train --out train/ --resume
  onnx-tailor extract classifier.onnx --data pictures/train --out train/ --resume --shard 3/8
  onnx-tailor extract classifier.onnx --data pictures/val --out val.npz --size 224 --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225
  onnx-tailor extract classifier.onnx --data "cifar10:data?split=test" --out test.npz`;
