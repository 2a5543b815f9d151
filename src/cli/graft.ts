/** `onnx-tailor graft MODEL --head H.npz --out OUT.onnx`: puts a head in and proves the file. */
import { Command } from 'commander';
import { platform } from '#platform';
import { readHeadFile } from '../head/head-file.js';
import { graft } from '../recalibrate/graft.js';
import { SOURCES } from './help.js';
import { addDataOptions, addHeadOption, type DataOptions, openModelArgument } from './options.js';
import { addOutOptions, assertFree } from './output.js';
import type { Terminal } from './terminal.js';
import { describeVerification, noteUnused, verificationInputs } from './verification.js';

interface Options extends DataOptions {
  readonly head: string;
  readonly out: string;
  readonly verifyData?: string;
  readonly output?: string;
  readonly force?: boolean;
}

export function graftCommand(terminal: Terminal): Command {
  const command = new Command('graft')
    .argument('<model>', 'an .onnx file')
    .requiredOption(
      '--head <file>',
      '.npz or .safetensors with weight [classes, dimensions] and bias [classes] (zeros if it is not there)',
    )
    .option('--verify-data <features|src>', 'real inputs to prove the file on; default: random numbers')
    .addHelpText('after', SOURCES);
  addOutOptions(command, 'the new model (.onnx)');
  return addHeadOption(addDataOptions(command)).action(async (path: string, options: Options) => {
    // The model itself may be replaced: that is what --force is for.
    const files = [options.head, options.preprocess, options.classes];
    await assertFree(options.out, options.force, { files, sources: [options.verifyData] });
    const model = await openModelArgument(path, options);
    const head = await readHeadFile(options.head);
    const kept = options.verifyData && (await verificationInputs(options.verifyData, model, terminal));
    const changed = await graft(model, head, {
      ...(kept && { inputs: kept.inputs, inputsName: kept.name }),
      outName: platform.baseName(options.out),
      device: options.device,
      threads: options.threads,
    });
    terminal.checkpoint(`grafting a head into ${path}`);
    const saved = await changed.save(options.out, { overwrite: options.force });
    const { verification, notes } = changed;
    noteUnused(saved, terminal);
    terminal.finish(
      { ...saved, verification, notes },
      [...notes, describeVerification(verification), `Written to ${saved.out} (sha256 ${saved.sha256})`].join(
        '\n',
      ),
    );
  });
}
