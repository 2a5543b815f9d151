/** The sample in one click. */
import type { FileInput } from '../engine/protocol.js';
import type { Sample } from '../sample/sample.js';
import type { InputActions } from './inputs.js';
import type { Context } from './run.js';

/** Gets the files and gives them to the panels as if they had been dropped there. */
export async function takeSample(
  { run }: Context,
  { readModel, readData }: InputActions,
  load: (options: { signal?: AbortSignal }) => Promise<Sample>,
): Promise<void> {
  const files = await run('sample', 'Loading the sample', load);
  if (!files) return;
  const npz = (file: FileInput) => ({ kind: 'npz', file }) as const;
  await readModel(files.model);
  await readData({
    validation: npz(files.validation),
    train: npz(files.train),
    test: npz(files.test),
  });
}
