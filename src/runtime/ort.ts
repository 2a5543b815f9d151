/**
 * What onnxruntime is asked for, and all that differs between Node and a page. `#ort` resolves to ort.node.ts or
 * ort.browser.ts (package.json "imports"); both export exactly this interface as `ort`.
 */
import type { InferenceSession, Tensor } from 'onnxruntime-common';

/** Where a session computes: a processor by name, or `auto`: the first of cuda, webgpu, cpu that works here. */
export type Device = 'auto' | 'cpu' | 'cuda' | 'webgpu';

/** A device that a session really runs on. */
export type NamedDevice = Exclude<Device, 'auto'>;

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
}

/** onnxruntime, wherever it runs. */
export interface Ort {
  /** Makes a session on exactly one device; throws what onnxruntime throws. */
  create(model: string | Uint8Array, device: NamedDevice, options: CreateOptions): Promise<InferenceSession>;
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
