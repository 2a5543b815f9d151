/** Which devices there are and why the others are not, for doctor and for error messages. */
import { ort } from '#ort';
import { TailorError } from '../array/errors.js';
import { VERSION } from '../array/version.js';
import type { Device, NamedDevice } from './ort.js';

export type { Device, NamedDevice } from './ort.js';

/** Every word that `device` options take, beside `cuda:0`, `cuda:1` … for cards by number. */
export const DEVICES: readonly Device[] = ['auto', 'cpu', 'cuda', 'webgpu'];

/** A device that `auto` passed over, and why. */
export interface RefusedDevice {
  /** The device that was passed over. */
  readonly device: NamedDevice;
  /** What is missing, and what to do. */
  readonly reason: string;
}

/** One line of doctor. */
export interface DeviceReport {
  /** Which device. */
  readonly device: NamedDevice;
  /** Whether it computes here. */
  readonly available: boolean;
  /** What was found, or what is missing and what to do. */
  readonly reason: string;
  /** An emulation on the processor: works when named, not taken by `auto`. */
  readonly software: boolean;
}

/**
 * Tries cuda, webgpu and cpu and says which of them compute here. Takes some tenths of a second: devices are tried in
 * a child process, so that a crashing driver costs nothing more than its line in the answer.
 */
export async function listDevices(): Promise<DeviceReport[]> {
  const names: readonly NamedDevice[] = ['cpu', 'cuda', 'webgpu'];
  return Promise.all(
    names.map(async (device) => {
      const { available, reason, software = false } = await ort.check(device);
      return { device, available, reason, software };
    }),
  );
}

/** Versions by name: onnx-tailor, the runtime, Node or the browser, sharp. */
export async function runtimeVersions(): Promise<Record<string, string>> {
  return { 'onnx-tailor': VERSION, ...(await ort.versions()) };
}

/** Checks a word given as device; INVALID_ARGUMENT names those that exist. */
export function assertDevice(device: string): asserts device is Device {
  if ((DEVICES as readonly string[]).includes(device) || /^cuda:\d{1,4}$/.test(device)) return;
  throw new TailorError(
    'INVALID_ARGUMENT',
    `Choosing a device: got "${device}"; allowed are ${DEVICES.join(', ')}, and cuda:0, cuda:1 … for one of several cards.`,
  );
}
