// @ts-check
/**
 * The thread of a session: onnxruntime-node's `run` keeps its thread busy until it is done, so it gets one of its own
 * (session-thread.node.ts is the other end). JavaScript, since threads start from a file as it lies there: from src under
 * test, from dist otherwise.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { env, InferenceSession, Tensor } from 'onnxruntime-node';

/** Places of the shared state. */
const [BUSY, ENDING] = [0, 1];

/**
 * @typedef {import('./session-thread.node.js').SentTensor} SentTensor
 * @typedef {import('./session-thread.node.js').ThreadRequest} ThreadRequest
 * @typedef {import('./session-thread.node.js').ThreadReply} ThreadReply
 * @typedef {import('./session-thread.node.js').ThreadData} ThreadData
 */

const { model, options, logLevel, state } = /** @type {ThreadData} */ (workerData);
const port = /** @type {import('node:worker_threads').MessagePort} */ (parentPort);

/** @param {ThreadReply} reply @param {readonly ArrayBuffer[]} [given] */
const post = (reply, given = []) => port.postMessage(reply, given);

/** Nothing more happens in a process that ends. @returns {Promise<never>} */
function ended() {
  Atomics.store(state, BUSY, 0);
  Atomics.notify(state, BUSY);
  return new Promise(() => {});
}

/**
 * Marks the thread as busy in onnxruntime: when it is stopped there, the whole process aborts. Never ends once the process does.
 * @template T @param {() => Promise<T>} work @returns {Promise<T>}
 */
async function busy(work) {
  Atomics.store(state, BUSY, 1);
  try {
    if (Atomics.load(state, ENDING)) return await ended();
    return await work();
  } finally {
    Atomics.store(state, BUSY, 0);
    Atomics.notify(state, BUSY);
  }
}

/** @returns {Promise<InferenceSession>} */
function open() {
  env.logLevel = logLevel;
  return typeof model === 'string'
    ? InferenceSession.create(model, options)
    : InferenceSession.create(model, options);
}

/** @param {Record<string, Tensor>} tensors @returns {SentTensor[]} */
function sent(tensors) {
  return Object.entries(tensors).map(([name, { type, data, dims }]) => ({
    ...{ name, type, dims },
    data: /** @type {SentTensor['data']} */ (data),
  }));
}

/** @param {readonly SentTensor[]} tensors */
function memoryOf(tensors) {
  /** @type {Set<ArrayBuffer>} */
  const buffers = new Set();
  for (const { data } of tensors) {
    if (!Array.isArray(data)) buffers.add(/** @type {ArrayBuffer} */ (data.buffer));
  }
  return [...buffers];
}

/** @param {InferenceSession} session @param {Extract<ThreadRequest, { kind: 'run' }>} request */
async function answer(session, { id, feeds, fetches, lent }) {
  try {
    /** @type {Record<string, Tensor>} */
    const tensors = {};
    for (const { name, type, data, dims } of feeds) {
      tensors[name] = new Tensor(/** @type {'float32'} */ (type), /** @type {Float32Array} */ (data), dims);
    }
    const outputs = sent(
      /** @type {Record<string, Tensor>} */ (await busy(() => session.run(tensors, fetches))),
    );
    const returned = lent ? feeds : [];
    post({ id, outputs, returned }, memoryOf([...outputs, ...returned]));
  } catch (error) {
    post({ id, failure: error instanceof Error ? error.message : String(error) });
  }
}

/** One after the other, so that what waits can be dropped. @type {Promise<void>} */
let turn = Promise.resolve();
let ending = false;

try {
  const session = await busy(open);
  port.on('message', (/** @type {ThreadRequest} */ request) => {
    if (request.kind === 'end') ending = true;
    turn = turn.then(async () => {
      // The request to end may have come while the last run kept the thread busy.
      await new Promise((resolve) => setImmediate(resolve));
      if (request.kind === 'run' && !ending) await answer(session, request);
      if (request.kind === 'end') {
        await busy(() => session.release());
        port.close();
      }
    });
  });
  post({ inputMetadata: session.inputMetadata, outputMetadata: session.outputMetadata });
} catch (error) {
  post({ refusal: error instanceof Error ? error.message : String(error) });
  port.close();
}
