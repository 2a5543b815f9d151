/**
 * A page's side of `#ort`: onnxruntime-web, loaded with the first session. Its WebAssembly provider is `cpu`, in the build
 * that has no other: half as large as the one with WebGPU, which only sessions on `webgpu` load.
 */
import { type InferenceSession, Tensor } from 'onnxruntime-common';
import { platform } from '#platform';
import { TailorError } from '../array/errors.js';
import { firstLine } from '../array/text.js';
import type { DeviceCheck, NamedDevice, Ort } from './ort.js';
import { restingSession } from './resting-session.browser.js';

type Runtime = Pick<typeof import('onnxruntime-web/wasm'), 'env' | 'InferenceSession'>;
type RuntimeOptions = import('onnxruntime-web/wasm').InferenceSession.SessionOptions;

/** The part of the WebGPU interface that is asked here; the standard library of TypeScript has it only partly. */
interface PageGpu {
  requestAdapter(): Promise<{ info?: { isFallbackAdapter?: boolean }; isFallbackAdapter?: boolean } | null>;
}

/** WebGPU and WebAssembly. */
export const ort: Ort = {
  Tensor,
  devices: ['webgpu', 'cpu'],
  threads: false,
  // Asked when it is wanted: the module may be loaded where there is no navigator.
  get processors() {
    return navigator.hardwareConcurrency;
  },

  async create(model, device, { threads, strict = false, optimize = true }) {
    const runtime = await load(device);
    // Threads are a setting of the WebAssembly module: its first session decides. It has one without isolation.
    if (threads !== undefined && globalThis.crossOriginIsolated) runtime.env.wasm.numThreads = threads;
    // onnxruntime's own logger is made with the first session. What it says is in the errors too.
    if (runtime.env.logLevel === 'warning') runtime.env.logLevel = 'fatal';
    const options: RuntimeOptions = {
      executionProviders: [device === 'cpu' ? 'wasm' : device],
      graphOptimizationLevel: optimize ? 'all' : 'disabled',
      logSeverityLevel: 4,
      ...(strict && device !== 'cpu' ? { extra: { session: { disable_cpu_ep_fallback: '1' } } } : {}),
    };
    const bytes = typeof model === 'string' ? await platform.readFile(model) : model;
    const create = () => runtime.InferenceSession.create(bytes, options);
    try {
      return device === 'webgpu' ? takingTurns(await inTurn(create)) : restingSession(await create());
    } catch (error) {
      throw explained(error);
    }
  },

  async check(device) {
    if (device === 'cpu') return { available: true, reason: 'WebAssembly' };
    if (device === 'cuda')
      return { available: false, reason: 'a page cannot use CUDA; webgpu uses the same card' };
    return checkWebgpu();
  },

  async versions() {
    const { env } = await load('cpu');
    return { 'onnxruntime-web': env.versions.web ?? 'unknown', browser: navigator.userAgent };
  },
};

async function load(device: NamedDevice): Promise<Runtime> {
  try {
    return device === 'webgpu'
      ? await import('onnxruntime-web/webgpu')
      : await import('onnxruntime-web/wasm');
  } catch (error) {
    throw missingRuntime(error);
  }
}

/**
 * The build with WebGPU does one thing at a time: it refuses a second session while it makes one, and hangs for good when
 * two sessions run.
 */
let last: Promise<unknown> = Promise.resolve();
function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const done = last.then(work);
  last = done.catch(() => {});
  return done;
}

function takingTurns(session: InferenceSession): InferenceSession {
  const [run, release] = [session.run.bind(session), session.release.bind(session)];
  session.run = (...given: [InferenceSession.FeedsType]) => inTurn(() => run(...given));
  session.release = () => inTurn(release);
  return session;
}

/** The error itself where it is about the model. */
function explained(error: unknown): unknown {
  const message = firstLine(error);
  // What it says when its own .wasm is not there.
  if (/no available backend found/i.test(message)) return missingRuntime(error);
  // What it says when neither the card nor the processor has a kernel: this build has few for float64.
  const operator = message.match(/Provider type for (\S+) node .* is not set/)?.[1];
  if (operator === undefined) return error;
  return new TailorError(
    'DEVICE_UNAVAILABLE',
    `Opening a session on webgpu: onnxruntime-web's build with WebGPU cannot compute ${operator} with the number type that ` +
      'the model has there. Use device cpu or auto.',
    { cause: error },
  );
}

function missingRuntime(cause: unknown): TailorError {
  return new TailorError(
    'DEPENDENCY_MISSING',
    `Loading onnxruntime-web: ${firstLine(cause)}. Install it (npm install onnxruntime-web); a page without a bundler names ` +
      "it in its import map, and its .wasm files lie beside it or where the runtime's env.wasm.wasmPaths says.",
    { cause },
  );
}

async function checkWebgpu(): Promise<DeviceCheck> {
  const gpu = (navigator as { gpu?: PageGpu }).gpu;
  if (!gpu) {
    return {
      available: false,
      reason: 'this browser has no WebGPU, or the page is not secure (https or localhost)',
    };
  }
  const adapter = await gpu.requestAdapter();
  if (!adapter) return { available: false, reason: 'no adapter: the browser offers no graphics card' };
  return adapter.info?.isFallbackAdapter || adapter.isFallbackAdapter
    ? { available: true, software: true, reason: 'software adapter: it computes, but slower than cpu' }
    : { available: true, reason: 'an adapter was found' };
}
