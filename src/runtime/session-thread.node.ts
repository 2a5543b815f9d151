/**
 * A session in a thread of its own: this end starts the thread, sends it what is to be run and waits for the answers. What the
 * thread does is in session-worker.node.js.
 */
import type { env, InferenceSession } from 'onnxruntime-common';
import { Tensor } from 'onnxruntime-common';
import { startThread } from '../array/ask-thread.node.js';
import { TailorError } from '../array/errors.js';
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

/** What a thread is asked: to make the session it was started for, and then to run it. */
export type ThreadQuestion =
  | { readonly kind: 'open' }
  | {
      readonly kind: 'run';
      readonly feeds: readonly SentTensor[];
      readonly fetches: readonly string[];
      /** The memory of the feeds came along and is sent back. */
      readonly lent: boolean;
    };

/** What it answers: what the session is like, then what came out. */
export type ThreadAnswer = SessionValues | RunAnswer;

type SessionValues = Pick<InferenceSession, 'inputMetadata' | 'outputMetadata'>;
interface RunAnswer {
  readonly outputs: readonly SentTensor[];
  readonly returned: readonly SentTensor[];
}

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
  const thread = startThread<ThreadQuestion, ThreadAnswer>(
    new URL('./session-worker.node.js', import.meta.url),
    {
      workerData,
      died: deathBy,
      ended: () => new TailorError('ABORTED', 'Running a model: its session was stopped before this run.'),
      onExit() {
        states.delete(state);
        if (states.size === 0) process.off('exit', waitForThreads);
      },
    },
  );
  const values = await thread.ask({ kind: 'open' }).catch(async (error) => {
    await thread.end();
    throw error;
  });
  const { inputMetadata, outputMetadata } = values as SessionValues;
  const run = async (
    feeds: Readonly<Record<string, Tensor>>,
    fetches: readonly string[],
    lent: boolean,
  ): Promise<RunAnswer> => {
    const sent = Object.entries(feeds).map(([name, { type, data, dims }]) => ({
      ...{ name, type, dims },
      data: lent ? (data as TensorData) : withoutRest(data as TensorData),
    }));
    const question = { kind: 'run', feeds: sent, fetches, lent } as const;
    return (await thread.ask(question, lent ? memoryOf(sent) : [])) as RunAnswer;
  };
  return {
    inputMetadata,
    outputMetadata,
    run: async (feeds, fetches) => tensors((await run(feeds, fetches, false)).outputs),
    lend: async (feeds, fetches) => {
      const { outputs, returned } = await run(feeds, fetches, true);
      return { results: tensors(outputs), returned: tensors(returned) };
    },
    release: () => thread.end(),
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

/** A part of a larger buffer would be sent with all of it. */
function withoutRest(data: TensorData): TensorData {
  return Array.isArray(data) || data.byteLength === data.buffer.byteLength ? data : data.slice();
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
