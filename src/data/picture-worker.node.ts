/** A thread that reads, decodes and preprocesses picture files into the rows of a batch. */
import { parentPort, workerData } from 'node:worker_threads';
import { type FromThread, failureOf, type ToThread } from '../array/ask-thread.node.js';
import { TailorError } from '../array/errors.js';
import { forEachIndex } from '../array/for-each-index.js';
import { setLimits } from '../array/limits.js';
import type { PictureThreadData } from './picture-threads.node.js';
import type { PictureRows } from './pictures.js';
import { decodePicture } from './pictures.node.js';
import { preprocessDims } from './preprocess.js';
import { preprocessPicture } from './preprocess-picture.js';
import { readPicture } from './read-picture.js';

/** Pictures that are decoded at the same time: enough for the decoder's threads, few enough for memory. */
const READ_AHEAD = 8;

setLimits((workerData as PictureThreadData).limits);
const port = parentPort!;
let ending = false;
const underWay = new Set<Promise<void>>();

async function fill({ paths, source, preprocess, rows }: PictureRows): Promise<void> {
  const numbers = preprocessDims(preprocess).reduce((product, length) => product * length, 1);
  await forEachIndex(paths.length, READ_AHEAD, async (row) => {
    if (ending) throw new TailorError('ABORTED', 'Reading pictures: stopped before they were read.');
    const path = paths[row];
    const picture = await decodePicture(await readPicture(path), path);
    preprocessPicture(picture, preprocess, rows, row * numbers, `Reading sample ${path} of ${source}`);
  });
}

async function answer(id: number, job: PictureRows): Promise<void> {
  const reply = (message: FromThread<Float32Array>, given: readonly ArrayBuffer[] = []) =>
    port.postMessage(message, given);
  try {
    await fill(job);
    reply({ id, answer: job.rows }, [job.rows.buffer as ArrayBuffer]);
  } catch (error) {
    reply({ id, failure: failureOf(error) });
  }
}

port.on('message', async (message: ToThread<PictureRows>) => {
  if (message.kind === 'question') {
    const answering = answer(message.id, message.question);
    underWay.add(answering);
    await answering;
    underWay.delete(answering);
    return;
  }
  ending = true;
  await Promise.all(underWay);
  port.close();
});
