/**
 * A session in a thread of its own: this end starts the thread, sends it what is to be run and waits for the answers. What the
 * thread does is in session-worker.node.js.
 */
import { Worker } from 'node:worker_threads';
import type { env, InferenceSession } from 'onnxruntime-common';
import { Tensor } from 'onnxruntime-common';
import { TailorError } from '../array/errors.js';
import { firstLine } from '../array/text.js';
import type { OrtSession } from './ort.js';
import type { TensorData } from './tensors.js';

/** What a thread starts with. */
export interface ThreadData {
  readonly model: string | Uint8Array;
  readonly options: InferenceSession.SessionOptions;
  readonly logLevel: NonNullable<typeof env.logLevel>;
  /** Shared: whether the thread is inside onnxruntime, and whether the process ends. */
  readonly state: Int32Array<SharedArrayBuffer>;
}

/** Places of the shared state. */
const [BUSY, ENDING] = [0, 1];

/** Longest wait for a run when the process ends, in milliseconds. */
const LAST_RUN = 30_000;

/**
 * A process that ends stops its threads, and onnxruntime aborts the process when its thread is stopped inside: so it waits for
 * the runs under way.
 */
const states = new Set<ThreadData['state']>();
function waitForThreads(): void {
  for (const state of states) Atomics.store(state, ENDING, 1);
  for (const state of states) Atomics.wait(state, BUSY, 1, LAST_RUN);
}

/** A tensor on its way between threads. */
export interface SentTensor {
  readonly name: string;
  readonly type: string;
  readonly data: TensorData;
  readonly dims: readonly number[];
}

/** What a thread is asked. */
export type ThreadRequest =
  | {
      readonly kind: 'run';
      readonly id: number;
      readonly feeds: readonly SentTensor[];
      readonly fetches: readonly string[];
      /** The memory of the feeds came along and is sent back. */
      readonly lent: boolean;
    }
  | { readonly kind: 'end' };

/** What it answers: first what the session is like, or why there is none; then a reply to each run. */
export type ThreadReply =
  | Pick<InferenceSession, 'inputMetadata' | 'outputMetadata'>
  | { readonly refusal: string }
  | { readonly id: number; readonly outputs: readonly SentTensor[]; readonly returned: readonly SentTensor[] }
  | { readonly id: number; readonly failure: string };

type Answer = { readonly outputs: readonly SentTensor[]; readonly returned: readonly SentTensor[] };
type Waiting = { resolve(answer: Answer): void; reject(error: unknown): void };

/**
 * Starts a thread and makes the session there; throws what onnxruntime throws. A thread that waits keeps no process alive.
 * After that, a thread that dies fails its runs with LIMIT_EXCEEDED (out of memory) or DEVICE_UNAVAILABLE.
 */
export async function createInThread(
  model: string | Uint8Array,
  options: InferenceSession.SessionOptions,
  logLevel: NonNullable<typeof env.logLevel>,
): Promise<OrtSession> {
  const state = new Int32Array(new SharedArrayBuffer(8));
  const workerData: ThreadData = { model, options, logLevel, state };
  if (states.size === 0) process.on('exit', waitForThreads);
  states.add(state);
  // Options of the process's own command line (--input-type, --eval) mean nothing to it.
  const worker = new Worker(new URL('./session-worker.node.js', import.meta.url), {
    workerData,
    execArgv: [],
  });
  const waiting = new Map<number, Waiting>();
  let death: TailorError | undefined;
  const dies = (error: TailorError) => {
    death ??= error;
    for (const { reject } of waiting.values()) reject(death);
    waiting.clear();
  };
  const ended = new Promise<void>((resolve) => {
    worker.once('exit', (code) => {
      dies(deathBy(`exit code ${code}`));
      states.delete(state);
      if (states.size === 0) process.off('exit', waitForThreads);
      resolve();
    });
  });
  const ready = new Promise<Pick<InferenceSession, 'inputMetadata' | 'outputMetadata'>>((resolve, reject) => {
    waiting.set(0, { resolve: () => {}, reject });
    worker.on('error', (error) => dies(deathBy(firstLine(error), error)));
    worker.on('messageerror', (error) => dies(deathBy(firstLine(error), error)));
    worker.on('message', (reply: ThreadReply) => {
      if ('inputMetadata' in reply) {
        waiting.delete(0);
        resolve(reply);
      } else if ('refusal' in reply) {
        waiting.delete(0);
        reject(new Error(reply.refusal));
      } else {
        const asked = waiting.get(reply.id);
        waiting.delete(reply.id);
        // While it is released, its end is awaited.
        if (waiting.size === 0 && !death) worker.unref();
        if ('failure' in reply) asked?.reject(new Error(reply.failure));
        else asked?.resolve(reply);
      }
    });
  });
  const { inputMetadata, outputMetadata } = await ready;
  worker.unref();

  let runs = 0;
  const ask = (feeds: Readonly<Record<string, Tensor>>, fetches: readonly string[], lent: boolean) =>
    new Promise<Answer>((resolve, reject) => {
      if (death) throw death;
      const id = ++runs;
      const sent = Object.entries(feeds).map(([name, { type, data, dims }]) => ({
        ...{ name, type, dims },
        data: data as TensorData,
      }));
      const request: ThreadRequest = { kind: 'run', id, feeds: sent, fetches, lent };
      worker.postMessage(request, lent ? memoryOf(sent) : []);
      waiting.set(id, { resolve, reject });
      worker.ref();
    });

  return {
    inputMetadata,
    outputMetadata,
    run: async (feeds, fetches) => tensors((await ask(feeds, fetches, false)).outputs),
    lend: async (feeds, fetches) => {
      const { outputs, returned } = await ask(feeds, fetches, true);
      return { results: tensors(outputs), returned: tensors(returned) };
    },
    async release() {
      if (death) return;
      const request: ThreadRequest = { kind: 'end' };
      death = new TailorError('ABORTED', 'Running a model: its session was stopped before this run.');
      worker.ref();
      worker.postMessage(request);
      await ended;
    },
  };
}

function tensors(sent: readonly SentTensor[]): Record<string, Tensor> {
  return Object.fromEntries(
    sent.map(({ name, type, data, dims }) => [name, new (Tensor as TensorMaker)(type, data, dims)]),
  );
}

/** The one of Tensor's constructors that is used: the element type is only known when the model is. */
type TensorMaker = new (type: string, data: TensorData, dims: readonly number[]) => Tensor;

function memoryOf(sent: readonly SentTensor[]): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const { data } of sent) if (!Array.isArray(data)) buffers.add(data.buffer as ArrayBuffer);
  return [...buffers];
}

function deathBy(how: string, cause?: unknown): TailorError {
  const memory =
    (cause as NodeJS.ErrnoException | undefined)?.code === 'ERR_WORKER_OUT_OF_MEMORY' ||
    /out of memory/i.test(how);
  return new TailorError(
    memory ? 'LIMIT_EXCEEDED' : 'DEVICE_UNAVAILABLE',
    `Running a model: the thread of its session ended (${how})${memory ? '. Use a smaller batch.' : '. With workers 0 it runs in the thread of the caller, where a debugger sees more.'}`,
    { cause },
  );
}
