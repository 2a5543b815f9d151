/** Several sessions of one model, on one device or on several, that take batches in turn. */
import { ort } from '#ort';
import { TailorError } from '../array/errors.js';
import type { RunnableModel } from '../onnx/runnable.js';
import type { Device } from '../runtime/devices.js';
import { firstDevice, openSession, type Session, type SessionOptions } from '../runtime/session.js';
import type { DeviceTensor } from '../runtime/tensors.js';
import type { Batch } from './batch.js';

/** Where batches are run. */
export interface PoolOptions extends SessionOptions {
  /** Several devices, a session on each: ['cuda:0', 'cuda:1']. Default: `device` alone. */
  readonly devices?: readonly Device[];
  /**
   * Sessions, each in a thread of its own (Node); they take turns on the devices. Default: on cpu one for each of `threads`, where
   * the model is small and there are batches for all (see openPool); elsewhere one for each device. 0: one, in the thread of the
   * caller, which is then kept busy by every run. A page always computes as with 0.
   */
  readonly workers?: number;
  /** Processors on cpu; the sessions share them. Default: all. */
  readonly threads?: number;
}

/** What openPool is told beside: how much there is to do. */
export interface PoolWork {
  /** Batches in all. Default 1. */
  readonly batches?: number;
}

/** A batch that was run: its inputs are there again, beside what came out. */
export interface FinishedBatch extends Batch {
  readonly results: Readonly<Record<string, DeviceTensor>>;
}

/** Sessions of one model. */
export interface SessionPool
  extends Pick<Session, 'device' | 'refusedDevices' | 'partlyOnCpu' | 'inputs' | 'outputs'> {
  /** Batches that may be with the sessions at the same time: one that runs in each and, in threads of their own, two that wait. */
  readonly places: number;
  /** Runs a batch on the session that has the least to do. The arrays of its feeds are gone; those of the answer count. */
  run(batch: Batch, outputs: readonly string[]): Promise<FinishedBatch>;
  /** Frees all sessions; batches that wait fail with ABORTED. */
  stop(): Promise<void>;
}

/** Most memory that sessions may take for copies of the weights beyond the first. */
const COPIES = 512 * 2 ** 20;

/** Whether sessions with these options would all be on cpu, as far as can be told without opening one. */
export async function runsOnCpu({
  device = 'auto',
  devices = [device],
}: Pick<PoolOptions, 'device' | 'devices'>): Promise<boolean> {
  const likely = devices.includes('auto') ? await firstDevice() : undefined;
  return devices.every((name) => (name === 'auto' ? likely : name) === 'cpu');
}

/**
 * Opens the sessions. On cpu, batches side by side in sessions of one thread need fewer processors than one batch after another in
 * a session of many: its threads wait for each other at every node, and spin while they wait, which takes processors away from
 * decoding. So by default there is one session for each processor, as far as copies of the weights fit 512 MB.
 *
 * Throws what openSession throws, and INVALID_ARGUMENT.
 */
export async function openPool(
  model: RunnableModel,
  { device = 'auto', devices = [device], workers, threads, tf32, batches = 1 }: PoolOptions & PoolWork,
): Promise<SessionPool> {
  const { bytes, folder } = model;
  if (workers !== undefined && !(Number.isInteger(workers) && workers >= 0)) {
    throw new TailorError('INVALID_ARGUMENT', `Opening sessions: workers is ${workers}; give 0 or more.`);
  }
  if (devices.length === 0) {
    throw new TailorError('INVALID_ARGUMENT', 'Opening sessions: no device was given. Leave devices out.');
  }
  const ownThread = ort.threads && workers !== 0;
  const processors = threads ?? ort.processors;
  const sideBySide = (await runsOnCpu({ devices })) ? sessionsOnCpu(model, processors, batches) : 1;
  const count = ownThread ? Math.max(workers ?? sideBySide, devices.length) : 1;
  // Sessions that each took all processors would stand in each other's way.
  const shared = count > 1 ? Math.max(1, Math.floor(processors / count)) : threads;
  const how = { threads: shared, tf32, ownThread, folder };
  const sessions: Session[] = [];
  try {
    // The first tells what `auto` is; the others follow it.
    sessions.push(await openSession(bytes, { ...how, device: devices[0] }));
    const named = devices.map((name) => (name === 'auto' ? sessions[0].device : name));
    const others = Array.from({ length: count - 1 }, (_, i) =>
      openSession(bytes, { ...how, device: named[(i + 1) % named.length] }),
    );
    for (const opened of await Promise.allSettled(others)) {
      if (opened.status === 'fulfilled') sessions.push(opened.value);
    }
    await Promise.all(others);
  } catch (error) {
    await stopAll(sessions);
    throw error;
  }
  const [first] = sessions;
  const load = sessions.map(() => 0);
  return {
    device: first.device,
    refusedDevices: first.refusedDevices,
    partlyOnCpu: sessions.some((session) => session.partlyOnCpu),
    inputs: first.inputs,
    outputs: first.outputs,
    places: ownThread ? count + Math.min(count, 2) : 1,
    async run(batch, outputs) {
      const chosen = load.indexOf(Math.min(...load));
      load[chosen]++;
      try {
        return { ...batch, ...(await sessions[chosen].runLent(batch.feeds, outputs)) };
      } catch (error) {
        throw explained(error, batch);
      } finally {
        load[chosen]--;
      }
    },
    stop: () => stopAll(sessions),
  };
}

/** How many sessions of one model there should be; not more than there are batches, and then only one. */
function sessionsOnCpu({ bytes, folder }: RunnableModel, processors: number, batches: number): number {
  // Weights that stay in their files are large.
  const copies = folder === undefined ? Math.floor(COPIES / bytes.length) : 0;
  const count = Math.min(processors, copies + 1);
  return batches < count ? 1 : count;
}

async function stopAll(sessions: readonly Session[]): Promise<void> {
  await Promise.all(sessions.map((session) => session.stop()));
}

/** A failure of several samples at once says what often helps. */
function explained(error: unknown, { samples }: Batch): unknown {
  if (!(error instanceof TailorError && error.code === 'MODEL_INVALID' && samples > 1)) return error;
  return new TailorError(
    error.code,
    `${error.message} If the model was exported for one sample at a time, use batch 1.`,
    { cause: error },
  );
}
