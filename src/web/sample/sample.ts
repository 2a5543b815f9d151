/** The files of the sample, fetched when they are asked for, from where the page itself came from. */
import { TailorError } from '../../array/errors.js';
import { firstLine } from '../../array/text.js';
import type { FileInput } from '../engine/protocol.js';

/** A long-tailed classifier with features of CIFAR-10 (see README.md beside). */
export interface Sample {
  readonly model: FileInput;
  readonly validation: FileInput;
  readonly train: FileInput;
  readonly test: FileInput;
}

/** Written out one by one, so that the bundler sees them and puts them beside the page. */
const FILES: Readonly<Record<keyof Sample, readonly [name: string, url: URL]>> = {
  model: [
    'cifar10-lt-resnet20-wd.onnx',
    new URL('../../../models/cifar10-lt-resnet20-wd.onnx', import.meta.url),
  ],
  validation: ['cifar10-lt-validation.npz', new URL('./cifar10-lt-validation.npz', import.meta.url)],
  train: ['cifar10-lt-train.npz', new URL('./cifar10-lt-train.npz', import.meta.url)],
  test: ['cifar10-lt-test.npz', new URL('./cifar10-lt-test.npz', import.meta.url)],
};

/** Fetches all files at once. FILE_UNREADABLE where one does not come, ABORTED. */
export async function loadSample({ signal }: { signal?: AbortSignal } = {}): Promise<Sample> {
  const [model, validation, train, test] = await Promise.all(
    (['model', 'validation', 'train', 'test'] as const).map((part) => load(part, signal)),
  );
  return { model, validation, train, test };
}

async function load(part: keyof Sample, signal: AbortSignal | undefined): Promise<FileInput> {
  const [name, url] = FILES[part];
  try {
    const response = await fetch(url, { signal });
    if (!response.ok) throw new Error(`the server answers ${response.status}`);
    return { name, data: await response.blob() };
  } catch (cause) {
    if (signal?.aborted) throw new TailorError('ABORTED', 'Stopped while loading the sample.', { cause });
    throw new TailorError(
      'FILE_UNREADABLE',
      `Loading the sample (${name}): ${firstLine(cause)}. The page's own server has to be reached for it; your own files need no network.`,
      { cause },
    );
  }
}
