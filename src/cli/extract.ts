/** `onnx-tailor extract MODEL --data SRC --out F.npz`: features, logits and labels of a data source. */
import { Command } from 'commander';
import { openSource } from '../data/open-source.js';
import { openModel } from '../features/model.js';
import {
  addDataOptions,
  addHeadOption,
  addOutOptions,
  assertFree,
  type DataOptions,
  extractionOf,
  preprocessOf,
  wholeNumber,
} from './options.js';
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
    .description('run the part of a model in front of its head over a data source and keep the features')
    .argument('<model>', 'an .onnx file')
    .requiredOption(
      '--data <src>',
      'a folder of pictures by class, .npz, .npy, IDX, or CIFAR files; KIND:PATH?KEY=VALUE',
    )
    .option('--limit <samples>', 'only the first so many', wholeNumber(1));
  addOutOptions(command, 'where the features go (.npz)');
  return addHeadOption(addDataOptions(command)).action(async (path: string, options: Options) => {
    const { data, out, limit, output, force } = options;
    await assertFree(out, force);
    const model = await openModel(path, { output, preprocess: await preprocessOf(options) });
    const source = await openSource(data, { classes: model.classes });
    try {
      const set = await model.extract(source, { ...extractionOf(options, terminal, 'Extracting'), limit });
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
