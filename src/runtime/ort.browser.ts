/** A page's side of `#ort`: onnxruntime-web, its WebAssembly provider as `cpu`. */
import * as runtime from 'onnxruntime-web/webgpu';
import type { DeviceCheck, Ort } from './ort.js';

/** The part of the WebGPU interface that is asked here; the standard library of TypeScript has it only partly. */
interface PageGpu {
  requestAdapter(): Promise<{ info?: { isFallbackAdapter?: boolean }; isFallbackAdapter?: boolean } | null>;
}

/** WebGPU and WebAssembly. */
export const ort: Ort = {
  Tensor: runtime.Tensor,
  devices: ['webgpu', 'cpu'],

  async create(model, device, { threads, strict = false, optimize = true }) {
    // Threads are a setting of the WebAssembly module: the first session of a page decides.
    if (threads !== undefined) runtime.env.wasm.numThreads = threads;
    const options: runtime.InferenceSession.SessionOptions = {
      executionProviders: [device === 'cpu' ? 'wasm' : device],
      graphOptimizationLevel: optimize ? 'all' : 'disabled',
      logSeverityLevel: 4,
      ...(strict && device !== 'cpu' ? { extra: { session: { disable_cpu_ep_fallback: '1' } } } : {}),
    };
    return typeof model === 'string'
      ? runtime.InferenceSession.create(model, options)
      : runtime.InferenceSession.create(model, options);
  },

  async check(device) {
    if (device === 'cpu') return { available: true, reason: 'WebAssembly' };
    if (device === 'cuda')
      return { available: false, reason: 'a page cannot use CUDA; webgpu uses the same card' };
    return checkWebgpu();
  },

  async versions() {
    return { 'onnxruntime-web': runtime.env.versions.web ?? 'unknown', browser: navigator.userAgent };
  },
};

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
