/**
 * Tries a device in a child process. Drivers crash, hang, and write to the terminal past every log level; the child
 * takes that, and its messages name the library that is missing, which onnxruntime's exceptions do not.
 */
import { execFile } from 'node:child_process';
import { firstLine } from '../array/text.js';
import { GraphBuilder } from '../onnx/build.js';
import { type DeviceCheck, isCuda, type NamedDevice } from './ort.js';

/** A driver that has not answered by then is as good as none. */
const TIMEOUT_MILLISECONDS = 30_000;

/** y = Relu(x): the least that a device must be able to compute. */
function reluModel(): Uint8Array {
  const g = new GraphBuilder();
  g.output(g.relu(g.input('x', 'float32', [1])), 'y', 'float32', [1]);
  return g.build();
}

/**
 * PCI vendors of cards that compute: NVIDIA, AMD, Intel, Apple, Imagination, Qualcomm (two numbers). A server's or a
 * virtual machine's display adapter is none, and Vulkan then runs in software.
 */
const GRAPHICS_MAKERS = new Set(['0x10de', '0x1002', '0x8086', '0x106b', '0x13b5', '0x5143', '0x4d4f4351']);

/** Vulkan and Direct3D drivers that compute on the processor. */
const SOFTWARE_DRIVER = /swiftshader|libvulkan_lvp|d3d10warp/i;

const CHILD = `
const [entry, provider, model] = process.argv.slice(1);
const ort = require(entry);
ort.env.logLevel = 'verbose';
const done = (answer) => {
  if (process.report) process.report.excludeNetwork = true;
  const libraries = process.report ? process.report.getReport().sharedObjects : [];
  process.stdout.write(JSON.stringify({ ...answer, libraries }), () => process.exit(0));
};
(async () => {
  const session = await ort.InferenceSession.create(Buffer.from(model, 'base64'), {
    executionProviders: [JSON.parse(provider)], logSeverityLevel: 4, extra: { 'session.disable_cpu_ep_fallback': '1' },
  });
  const { y } = await session.run({ x: new ort.Tensor('float32', [2], [1]) });
  done(y.data[0] === 2 ? { ok: true } : { ok: false, message: 'it computes wrong numbers' });
})().catch((error) => done({ ok: false, message: String(error.message) }));
`;

/** What the child process found. */
export interface ProbeAnswer {
  readonly ok: boolean;
  readonly message?: string;
  /** Paths of the native libraries that it had loaded in the end. */
  readonly libraries: readonly string[];
}

/**
 * Opens a session on `device` and runs it once, in a child process; `entry` is onnxruntime-node's main file, `provider` what the
 * device is called there.
 */
export async function probeDevice(
  device: NamedDevice,
  entry: string,
  provider: unknown = device,
): Promise<DeviceCheck> {
  const { answer, log, failure } = await runChild(provider, entry);
  if (!answer) return { available: false, reason: `trying it in a child process failed: ${failure}` };
  return judgeProbe(device, answer, log);
}

/** What the answer of a child process and the messages on its stderr mean. */
export function judgeProbe(device: NamedDevice, answer: ProbeAnswer, log: string): DeviceCheck {
  if (!answer.ok) return { available: false, reason: explainFailure(device, answer.message ?? '', log) };
  const works = { available: true, software: false, reason: 'tried: it computes' };
  if (device !== 'webgpu') return works;
  // Loading Vulkan loads the drivers of all cards, so an installed software driver means nothing while there is a card;
  // SwiftShader is installed nowhere as a matter of course and is there because somebody asked for it.
  const driver = answer.libraries.find((name) => SOFTWARE_DRIVER.test(name))?.replace(/.*[\\/]/, '');
  const cards = [...log.matchAll(/OrtHardwareDevice \{vendor_id:(0x[0-9a-f]+)[^\n]*type:1\b/gi)];
  const card = cards.some((found) => GRAPHICS_MAKERS.has(found[1].toLowerCase()));
  if (card && !/swiftshader/i.test(driver ?? '')) return works;
  const name = driver ? ` (${driver})` : '';
  return {
    available: true,
    software: true,
    reason: `software adapter${name}: it computes, but much slower than cpu`,
  };
}

/** What went wrong, from the exception and from what the libraries wrote to stderr. */
export function explainFailure(device: NamedDevice, message: string, log: string): string {
  const library = log.match(/(\S+): cannot open shared object file/)?.[1].replace(/.*\//, '');
  if (isCuda(device)) {
    return library
      ? `the library ${library} is missing: install it (libcuda comes with the driver, libcudnn with cuDNN, the others ` +
          'with the CUDA toolkit of that version) and put its folder on LD_LIBRARY_PATH'
      : `onnxruntime says: ${firstLine(message).slice(0, 400)}`;
  }
  if (/No supported adapters|Failed to get a WebGPU adapter/.test(message)) {
    if (library)
      return `no adapter: the library ${library} is missing; install the Vulkan loader (libvulkan1)`;
    return 'no adapter: no driver for a graphics card was found (Vulkan on Linux, Direct3D 12 on Windows)';
  }
  return `onnxruntime says: ${firstLine(message).slice(0, 400)}`;
}

function runChild(
  provider: unknown,
  entry: string,
): Promise<{ answer?: ProbeAnswer; log: string; failure: string }> {
  return new Promise((resolve) => {
    const settings = { timeout: TIMEOUT_MILLISECONDS, maxBuffer: 1 << 26, windowsHide: true };
    execFile(
      process.execPath,
      [
        ...['--input-type=commonjs', '-e', CHILD, entry, JSON.stringify(provider)],
        Buffer.from(reluModel()).toString('base64'),
      ],
      settings,
      (error, stdout, stderr) => {
        // A driver may crash while it is unloaded; the answer was given before.
        const answer = parseAnswer(stdout);
        const failure = error?.killed
          ? `no answer within ${TIMEOUT_MILLISECONDS / 1000} s`
          : error?.signal
            ? `it crashed (${error.signal})`
            : firstLine(error ?? 'no answer').slice(0, 400);
        resolve({ answer, log: stderr, failure });
      },
    );
  });
}

function parseAnswer(text: string): ProbeAnswer | undefined {
  try {
    return JSON.parse(text) as ProbeAnswer;
  } catch {
    return undefined;
  }
}
