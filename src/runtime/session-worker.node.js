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
 * @typedef {import('./session-thread.node.js').ThreadQuestion} ThreadQuestion
 * @typedef {import('./session-thread.node.js').ThreadAnswer} ThreadAnswer
 * @typedef {import('../array/ask-thread.node.js').ToThread<ThreadQuestion>} ToThread
 * @typedef {import('../array/ask-thread.node.js').FromThread<ThreadAnswer>} FromThread
 * @typedef {import('./session-thread.node.js').ThreadData} ThreadData
 */

const { model, options, logLevel, state } = /** @type {ThreadData} */ (workerData);
const port = /** @type {import('node:worker_threads').MessagePort} */ (parentPort);

/** @param {FromThread} reply @param {readonly ArrayBuffer[]} [given] */
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

/** @type {InferenceSession | undefined} */
let session;

/** @param {ThreadQuestion} question @returns {Promise<{ answer: ThreadAnswer, given?: readonly ArrayBuffer[] }>} */
async function answer(question) {
  session ??= await busy(open);
  const opened = session;
  if (question.kind === 'open') {
    return { answer: { inputMetadata: opened.inputMetadata, outputMetadata: opened.outputMetadata } };
  }
  const { feeds, fetches, lent } = question;
  /** @type {Record<string, Tensor>} */
  const tensors = {};
  for (const { name, type, data, dims } of feeds) {
    const tensor = new Tensor(/** @type {'float32'} */ (type), /** @type {Float32Array} */ (data), dims);
    // As BindingTensor of ort.node.ts: the binding finds no numbers in the Float16Array of newer engines.
    if (data instanceof Uint16Array && tensor.data !== /** @type {unknown} */ (data))
      Object.defineProperty(tensor, 'data', { value: data });
    tensors[name] = tensor;
  }
  const outputs = sent(
    /** @type {Record<string, Tensor>} */ (await busy(() => opened.run(tensors, fetches))),
  );
  const returned = lent ? feeds : [];
  return { answer: { outputs, returned }, given: memoryOf([...outputs, ...returned]) };
}

/** One after the other, so that what waits can be dropped. @type {Promise<void>} */
let turn = Promise.resolve();
let ending = false;

port.on('message', (/** @type {ToThread} */ message) => {
  if (message.kind === 'end') ending = true;
  turn = turn.then(async () => {
    // The message that ends it may have come while the last run kept the thread busy.
    await new Promise((resolve) => setImmediate(resolve));
    if (message.kind === 'end') {
      const opened = session;
      if (opened) await busy(() => opened.release());
      port.close();
      return;
    }
    if (ending) return;
    const { id, question } = message;
    try {
      const { answer: found, given } = await answer(question);
      post({ id, answer: found }, given);
    } catch (error) {
      post({ id, failure: { message: error instanceof Error ? error.message : String(error) } });
    }
  });
});
