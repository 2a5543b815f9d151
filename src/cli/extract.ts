/** `onnx-tailor extract MODEL --data SRC --out F.npz`: features, logits and labels of a data source. */
import { Command } from 'commander';
import { openSource } from '../data/open-source.js';
import { noteClassOrder } from './class-order.js';
import { SOURCES, STDIN_NOTE } from './help.js';
import { wholeNumber } from './numbers.js';
import {
  addDataOptions,
  addHeadOption,
  type DataOptions,
  extractionOf,
  openModelArgument,
} from './options.js';
import { addOutOptions, assertFree } from './output.js';
import type { Terminal } from './terminal.js';

interface Options extends DataOptions {
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
  addOutOptions(command, 'where the features go (.npz)', '.npz');
  return addHeadOption(addDataOptions(command)).action(async (path: string, options: Options) => {
    const { data, out, limit, force } = options;
    const files = [path, options.preprocess, options.classes];
    await assertFree(out, force, { files, sources: [data] });
    const model = await openModelArgument(path, options);
    const source = await openSource(data, model);
    try {
      const set = await model.extract(source, { ...extractionOf(options, terminal, 'Extracting'), limit });
      noteClassOrder(set, model, terminal);
      await set.save(out, { overwrite: force });
      const { device, refusedDevices, seconds, samplesPerSecond } = set.extraction!;
      const { samples, dimensions, classCount: classes } = set;
      terminal.finish(
        { samples, dimensions, classes, device, refusedDevices, seconds, samplesPerSecond, out },
        `${samples} samples × ${dimensions} features (${classes} classes${set.labels ? '' : ', no labels'}) in ${seconds.toFixed(1)} s on ${device}\nWritten to ${out}`,
      );
    } finally {
      await source.close?.();
    }
  });
}

const EXAMPLES = `
Examples:
  onnx-tailor extract classifier.onnx --data pictures/val --out val.npz
  onnx-tailor extract classifier.onnx --data pictures/val --out val.npz --size 224 --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225
  onnx-tailor extract classifier.onnx --data "cifar10:data?split=test" --out test.npz`;
