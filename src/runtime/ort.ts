/**
 * What onnxruntime is asked for, and all that differs between Node and a page. `#ort` resolves to ort.node.ts or
 * ort.browser.ts (package.json "imports"); both export exactly this interface as `ort`.
 */
import type { InferenceSession, Tensor } from 'onnxruntime-common';

/**
 * Where a session computes: a processor by name, or `auto`: the first of cuda, webgpu, cpu that works here. `cuda:1` is the
 * second card that CUDA counts, `cuda` the first.
 */
export type Device = 'auto' | 'cpu' | 'cuda' | `cuda:${number}` | 'webgpu';

/** A device that a session really runs on. */
export type NamedDevice = Exclude<Device, 'auto'>;

/** Whether a device is one of CUDA's cards. */
export function isCuda(device: Device | undefined): device is 'cuda' | `cuda:${number}` {
  return device === 'cuda' || device?.startsWith('cuda:') === true;
}

/** Whether a device can be used here, and why not (or which one was found). */
export interface DeviceCheck {
  readonly available: boolean;
  /** Found or missing, and what to do about it. */
  readonly reason: string;
  /** A processor's emulation of a graphics card: works when named, never taken by `auto`. */
  readonly software?: boolean;
}

/** Options of `Ort.create`. */
export interface CreateOptions {
  /** Threads within an operator; undefined: onnxruntime's own choice, one per physical core. */
  readonly threads?: number;
  /** Fail instead of letting the processor run the operators that the device has no kernel for. */
  readonly strict?: boolean;
  /** Whether onnxruntime may rewrite the graph. Default true. */
  readonly optimize?: boolean;
  readonly prepack?: boolean;
  /** cuda only: whether float32 products may be rounded to TensorFloat-32 on the way; undefined: as the library does it. */
  readonly tf32?: boolean;
  /** Node: computes in a thread of the session's own, so that the caller's stays free. A page ignores it. Default false. */
  readonly ownThread?: boolean;
  /** Node: folder of the external data of a model given as bytes. */
  readonly folder?: string;
}

/** What is used of onnxruntime's session, wherever it lives. One with a thread drops the runs that wait when it is released. */
export interface OrtSession extends Pick<InferenceSession, 'inputMetadata' | 'outputMetadata' | 'release'> {
  run(
    feeds: Readonly<Record<string, Tensor>>,
    fetches: readonly string[],
  ): Promise<InferenceSession.OnnxValueMapType>;
  /**
   * Only on a session with a thread of its own: `run`, where that thread gets the memory of the feeds instead of a copy. The
   * arrays that come back in `returned` are over that memory again; those given are empty from then on.
   */
  lend?(
    feeds: Readonly<Record<string, Tensor>>,
    fetches: readonly string[],
  ): Promise<{ results: InferenceSession.OnnxValueMapType; returned: Readonly<Record<string, Tensor>> }>;
}

/** onnxruntime, wherever it runs. */
export interface Ort {
  /** Makes a session on exactly one device; throws what onnxruntime throws. */
  create(model: string | Uint8Array, device: NamedDevice, options: CreateOptions): Promise<OrtSession>;
  /** Whether sessions can have threads of their own. */
  readonly threads: boolean;
  /** Processors that may be used here. */
  readonly processors: number;
  /** The constructor of onnxruntime's tensors. */
  readonly Tensor: typeof Tensor;
  /** All devices that `auto` tries, best first. */
  readonly devices: readonly NamedDevice[];
  /**
   * Looks whether a device works, without endangering the process or writing to its terminal. `quick` answers from
   * signs that cost nothing where these say no, so that `auto` does not slow down machines without a graphics card.
   */
  check(device: NamedDevice, options?: { quick?: boolean }): Promise<DeviceCheck>;
  /** Versions of the runtime and what else doctor should show, by name. */
  versions(): Promise<Record<string, string>>;
}
