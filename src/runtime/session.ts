/** An onnxruntime session on a known device: opened, run by names, released. */

import type { InferenceSession, Tensor } from 'onnxruntime-common';
import { ort } from '#ort';
import { platform } from '#platform';
import { TailorError } from '../array/errors.js';
import { firstLine } from '../array/text.js';
import { assertDevice, type Device, type NamedDevice, type RefusedDevice } from './devices.js';
import type { OrtSession } from './ort.js';
import { type DeviceTensor, fromRuntime, type TensorData } from './tensors.js';
import { describeValue, type Feed, makeTensors, type ValueInfo } from './values.js';

export type { Feed, ValueInfo } from './values.js';

/** Where and how a graph is run. */
export interface SessionOptions {
  /**
   * `auto` (default) takes the first of cuda, webgpu, cpu that works and never a software emulation of a graphics
   * card; a named device is taken or refused with DEVICE_UNAVAILABLE.
   */
  readonly device?: Device;
  /** Threads within an operator, 1 or more; default: onnxruntime's choice, one per physical core. Used by cpu. */
  readonly threads?: number;
  /**
   * cuda only: false makes float32 products exact to float32, true lets them be rounded to TensorFloat-32 (10 bits of
   * mantissa), which is faster. Default: CUDA's own choice. It holds for the whole process from its first session on cuda on.
   */
  readonly tf32?: boolean;
}

/** What `openSession` takes beside what is the user's to choose. */
export interface OpenSessionOptions extends SessionOptions {
  /** Whether onnxruntime may rewrite the graph before it runs. Default true; false for graphs that are made to run as they are. */
  readonly optimize?: boolean;
  /**
   * Node: whether onnxruntime may make copies of the weights in an order that is faster to run. Default true; false for sessions
   * that run once or twice, which are done before the copies of a large model would be made.
   */
  readonly prepack?: boolean;
  /** Node: computes in a thread of the session's own, so that the caller's event loop stays free. Default false. */
  readonly ownThread?: boolean;
  /** Folder of the external data of a model given as bytes, for Node; a page has none. */
  readonly folder?: string;
}

/** A loaded model. */
export interface Session {
  /** Where it runs. */
  readonly device: NamedDevice;
  /** What `auto` passed over before, with reasons; empty for a named device. */
  readonly refusedDevices: readonly RefusedDevice[];
  /** True when cuda or webgpu has no kernel for some operators and the processor runs those. */
  readonly partlyOnCpu: boolean;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /**
   * Runs the model; `outputs` names those to be computed (default: all). Feeds are converted to the types of the
   * inputs, float16 outputs come back as float32. INVALID_ARGUMENT for a missing or unknown name or numbers out of
   * the input's range, SHAPE_MISMATCH for a wrong shape, MODEL_INVALID when the model itself fails.
   */
  run(
    feeds: Readonly<Record<string, Feed>>,
    outputs?: readonly string[],
  ): Promise<Record<string, DeviceTensor>>;
  /**
   * As `run`, for feeds that are not needed while it runs. A session with a thread of its own gets their memory instead of a
   * copy: the arrays given are then empty for good, and `feeds` of the answer has them again.
   */
  runLent(
    feeds: Readonly<Record<string, Feed>>,
    outputs: readonly string[],
  ): Promise<{ results: Record<string, DeviceTensor>; feeds: Readonly<Record<string, Feed>> }>;
  /** Frees the session, after the runs under way. May be called again. */
  release(): Promise<void>;
  /** As `release`, but where the session has a thread of its own, runs that wait behind the present one fail with ABORTED. */
  stop(): Promise<void>;
}

/**
 * Loads a model (bytes, or the path of a file, whose external data is then found beside it).
 * MODEL_INVALID when onnxruntime cannot load it, DEVICE_UNAVAILABLE when the named device does not work here,
 * DEPENDENCY_MISSING when a page does not find onnxruntime-web, FILE_NOT_FOUND, INVALID_ARGUMENT.
 */
export async function openSession(
  model: string | Uint8Array,
  { device = 'auto', threads, tf32, optimize, prepack, ownThread, folder }: OpenSessionOptions = {},
): Promise<Session> {
  assertDevice(device);
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1)) {
    throw new TailorError('INVALID_ARGUMENT', `Opening a session: threads is ${threads}; give 1 or more.`);
  }
  if (typeof model === 'string' && !(await platform.info(model))) {
    throw new TailorError('FILE_NOT_FOUND', `Opening a session: there is no file ${model}.`);
  }
  const how = { threads, tf32, optimize, prepack, ownThread, folder };
  if (device !== 'auto') return openOn(model, device, how, []);
  const refused: RefusedDevice[] = [];
  for (const name of ort.devices) {
    const reason = await refusalOf(name);
    if (reason !== undefined) {
      refused.push({ device: name, reason });
      continue;
    }
    try {
      return await openOn(model, name, how, refused);
    } catch (error) {
      if (name === 'cpu') throw error;
      refused.push({ device: name, reason: firstLine(error) });
    }
  }
  throw new TailorError('DEVICE_UNAVAILABLE', 'Opening a session: no device works here. Run doctor.');
}

/** The device that 'auto' tries first. */
export async function firstDevice(): Promise<NamedDevice> {
  for (const name of ort.devices) if ((await refusalOf(name)) === undefined) return name;
  return 'cpu';
}

/** Why 'auto' does not try a device. */
async function refusalOf(device: NamedDevice): Promise<string | undefined> {
  const { available, software, reason } = await ort.check(device, { quick: true });
  return available && !software ? undefined : reason;
}

async function openOn(
  model: string | Uint8Array,
  device: NamedDevice,
  how: Omit<OpenSessionOptions, 'device'>,
  refused: readonly RefusedDevice[],
): Promise<Session> {
  const found = await ort.check(device);
  if (!found.available) {
    throw new TailorError(
      'DEVICE_UNAVAILABLE',
      `Opening a session on ${device}: ${found.reason}. Use --device auto or cpu, or see doctor.`,
    );
  }
  try {
    if (device === 'cpu') return wrap(await ort.create(model, device, how), device, refused, false);
    try {
      return wrap(await ort.create(model, device, { ...how, strict: true }), device, refused, false);
    } catch (error) {
      // The only way in which onnxruntime tells that it would fall back to the processor without a word.
      if (!/fallback to CPU EP has been explicitly disabled/.test(firstLine(error))) throw error;
      return wrap(await ort.create(model, device, how), device, refused, true);
    }
  } catch (error) {
    // What says what is wrong already, e.g. that the runtime itself is missing.
    if (error instanceof TailorError) throw error;
    throw new TailorError(
      'MODEL_INVALID',
      `Opening a session on ${device}: onnxruntime refuses the model: ${firstLine(error)}`,
      { cause: error },
    );
  }
}

function wrap(
  inner: OrtSession,
  device: NamedDevice,
  refusedDevices: readonly RefusedDevice[],
  partlyOnCpu: boolean,
): Session {
  const inputs = inner.inputMetadata.map(describeValue);
  const outputs = inner.outputMetadata.map(describeValue);
  const every = outputs.filter((output) => output.type !== 'other').map((output) => output.name);
  let released: Promise<void> | undefined;
  // Releasing under a run would pull the memory from under it.
  const running = new Set<Promise<unknown>>();

  const named = async (results: InferenceSession.OnnxValueMapType, names: readonly string[]) => {
    const read: Record<string, DeviceTensor> = {};
    for (const name of names) read[name] = await fromRuntime(results[name] as Tensor);
    return read;
  };
  const runNow = async (feeds: Readonly<Record<string, Feed>>, names: readonly string[], lent: boolean) => {
    const tensors = makeTensors(inputs, feeds);
    try {
      if (!lent || !inner.lend)
        return { results: await named(await inner.run(tensors, names), names), feeds };
      // Numbers that had to be converted were given away as copies.
      const own = new Set(
        inputs.filter(({ name }) => tensors[name].data === feeds[name].data).map(({ name }) => name),
      );
      const { results, returned } = await inner.lend(tensors, names);
      const back = Object.entries(feeds).map(([name, feed]) => [
        name,
        own.has(name) ? { data: returned[name].data as TensorData, dims: feed.dims } : feed,
      ]);
      return { results: await named(results, names), feeds: Object.fromEntries(back) as typeof feeds };
    } catch (error) {
      throw runError(device, error);
    }
  };
  const start = async (feeds: Readonly<Record<string, Feed>>, names: readonly string[], lent: boolean) => {
    if (released) {
      throw new TailorError(
        'INVALID_ARGUMENT',
        'Running a model: its session was released. Open a new session.',
      );
    }
    assertOutputs(every, names);
    const run = runNow(feeds, names, lent);
    running.add(run);
    try {
      return await run;
    } finally {
      running.delete(run);
    }
  };

  return {
    device,
    refusedDevices,
    partlyOnCpu,
    inputs,
    outputs,
    run: async (feeds, names = every) => (await start(feeds, names, false)).results,
    runLent: (feeds, names) => start(feeds, names, true),
    release() {
      released ??= Promise.allSettled(running).then(() => inner.release());
      return released;
    },
    stop() {
      if (inner.lend) released ??= inner.release();
      return this.release();
    },
  };
}

function assertOutputs(every: readonly string[], names: readonly string[]): void {
  const unknown = names.find((name) => !every.includes(name));
  if (unknown !== undefined) {
    throw new TailorError(
      'INVALID_ARGUMENT',
      `Running a model: it has no tensor output "${unknown}"; its outputs are ${every.join(', ')}.`,
    );
  }
}

function runError(device: NamedDevice, error: unknown): TailorError {
  if (error instanceof TailorError) return error;
  const message = firstLine(error);
  const memory = /bad_alloc|out of memory|Failed to allocate/i.test(message);
  return new TailorError(
    memory ? 'LIMIT_EXCEEDED' : 'MODEL_INVALID',
    `Running a model on ${device}: ${message}${memory ? '. Use a smaller batch.' : ''}`,
    { cause: error },
  );
}
