/** Node's side of `#ort`: onnxruntime-node. */
// First of all: it speaks to onnxruntime.
import './no-telemetry.node.js';

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus } from 'node:os';
import { dirname, join } from 'node:path';
import * as runtime from 'onnxruntime-node';
import { missingForCuda } from './cuda-libraries.node.js';
import type { DeviceCheck, NamedDevice, Ort } from './ort.js';
import { probeDevice } from './probe.node.js';
import { createInThread } from './session-thread.node.js';

const require = createRequire(import.meta.url);
const packageFolder = dirname(require.resolve('onnxruntime-node/package.json'));
const bindingFolder = join(packageFolder, 'bin', 'napi-v6', process.platform, process.arch);

const CUDA_PROVIDER = 'libonnxruntime_providers_cuda.so';
const CUDA_STEP =
  `fetch it once with "node ${join(packageFolder, 'script', 'install.js')} --onnxruntime-node-install=cuda12" ` +
  '(some 400 MB, needs the internet; without it, docs/devices.md says how); the CUDA libraries and cuDNN must be installed too, doctor then names those that are missing';

/** Answers of `check` that came from a child process. */
const probed = new Map<NamedDevice, Promise<DeviceCheck>>();

/**
 * A tensor that the binding can read. Where the engine has a Float16Array (Node 24), onnxruntime-common holds float16 in one, and
 * the binding of onnxruntime-node finds no numbers in it: it is shown the bits.
 */
class BindingTensor extends (runtime.Tensor as new (
  type: string,
  data: unknown,
  dims: readonly number[],
) => runtime.Tensor) {
  constructor(type: string, data: unknown, dims: readonly number[]) {
    super(type, data, dims);
    if (data instanceof Uint16Array && this.data !== data)
      Object.defineProperty(this, 'data', { value: data });
  }
}

/** CUDA, WebGPU and the processor. */
export const ort: Ort = {
  Tensor: BindingTensor as typeof runtime.Tensor,
  devices: ['cuda', 'webgpu', 'cpu'],
  threads: true,
  processors: availableParallelism(),

  async create(model, device, how) {
    const { threads = defaultThreads(), strict = false, optimize = true, prepack = true } = how;
    const { tf32, ownThread, folder } = how;
    // onnxruntime's own logger is made with the first session of a process. What it says is in the errors too.
    if (runtime.env.logLevel === 'warning') runtime.env.logLevel = 'fatal';
    // The binding hands on nothing but the card's number; CUDA's libraries read this with the first product of the process.
    if (tf32 !== undefined) process.env.NVIDIA_TF32_OVERRIDE = tf32 ? '1' : '0';
    const options: runtime.InferenceSession.SessionOptions = {
      executionProviders: [providerOf(device)],
      logSeverityLevel: 4,
      graphOptimizationLevel: optimize ? 'all' : 'disabled',
      ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
      extra: {
        ...(strict && { 'session.disable_cpu_ep_fallback': '1' }),
        ...(!prepack && { 'session.disable_prepacking': '1' }),
        ...(folder !== undefined && { 'session.model_external_initializers_file_folder_path': folder }),
      },
    };
    if (ownThread) return createInThread(model, options, runtime.env.logLevel ?? 'fatal');
    return typeof model === 'string'
      ? runtime.InferenceSession.create(model, options)
      : runtime.InferenceSession.create(model, options);
  },

  async check(device, { quick = false } = {}) {
    if (device === 'cpu') return { available: true, reason: `${cpus().length} processors` };
    const missing = device === 'webgpu' ? missingWebgpu(quick) : missingCuda();
    if (missing) return { available: false, reason: missing };
    let answer = probed.get(device);
    if (!answer) {
      answer = probeDevice(device, require.resolve('onnxruntime-node'), providerOf(device));
      probed.set(device, answer);
    }
    return answer;
  },

  async versions() {
    const versions: Record<string, string> = {
      node: process.versions.node,
      platform: `${process.platform} ${process.arch}`,
      'onnxruntime-node': runtime.env.versions.node ?? 'unknown',
    };
    const sharp = packageVersion('sharp');
    versions.sharp = sharp ?? 'not installed (needed for png, jpeg and webp files: npm install sharp)';
    return versions;
  },
};

/** As the binding names it: `cuda:1` is a provider and a number. */
function providerOf(device: NamedDevice): runtime.InferenceSession.ExecutionProviderConfig {
  const [name, deviceId] = device.split(':');
  return deviceId === undefined ? name : { name: 'cuda', deviceId: Number(deviceId) };
}

/**
 * One thread per physical core is onnxruntime's choice when it is not told; where the process may use fewer
 * processors than the machine has (taskset, cpuset), that number.
 */
function defaultThreads(): number | undefined {
  const allowed = availableParallelism();
  return allowed < cpus().length ? allowed : undefined;
}

function missingCuda(): string | undefined {
  if (!runtime.listSupportedBackends().some((backend) => backend.name === 'cuda')) {
    return `onnxruntime-node has no CUDA for ${process.platform} ${process.arch} (only for linux x64)`;
  }
  if (!existsSync(join(bindingFolder, CUDA_PROVIDER))) {
    return `${CUDA_PROVIDER} is missing in ${bindingFolder} (npm does not bring it): ${CUDA_STEP}`;
  }
  return missingForCuda(join(bindingFolder, CUDA_PROVIDER));
}

function missingWebgpu(quick: boolean): string | undefined {
  if (!runtime.listSupportedBackends().some((backend) => backend.name === 'webgpu')) {
    return `onnxruntime-node has no WebGPU for ${process.platform} ${process.arch}`;
  }
  if (quick && process.platform === 'linux' && !hasGraphicsNode()) {
    return 'no graphics card: there is neither /dev/dri/renderD*, /dev/nvidia[0-9]* nor /dev/dxg';
  }
  return undefined;
}

/** Vulkan drivers of real cards on Linux talk to one of these device files. */
function hasGraphicsNode(): boolean {
  const list = (folder: string) => (existsSync(folder) ? readdirSync(folder) : []);
  return (
    list('/dev/dri').some((name) => name.startsWith('renderD')) ||
    list('/dev').some((name) => /^(nvidia\d+|dxg)$/.test(name))
  );
}

/** The version of an installed package whose package.json may not be exported, or undefined. */
function packageVersion(name: string): string | undefined {
  for (const folder of require.resolve.paths(name) ?? []) {
    try {
      const description: unknown = JSON.parse(readFileSync(join(folder, name, 'package.json'), 'utf8'));
      return String((description as { version?: unknown }).version);
    } catch {
      // not in this folder
    }
  }
  return undefined;
}
