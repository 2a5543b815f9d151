/** The choice of a device, with an onnxruntime that has whatever cards a test wants. */
import { describe, expect, it, vi } from 'vitest';
import { TailorError } from '../../src/array/errors.js';
import type { DeviceCheck, NamedDevice } from '../../src/runtime/ort.js';
import { openSession } from '../../src/runtime/session.js';

const machine = vi.hoisted(() => ({
  checks: {} as Record<string, DeviceCheck>,
  /** Messages that sessions fail with, by device; 'strict' is thrown only where a fallback is forbidden. */
  failures: {} as Record<string, { message: string; strict?: boolean; error?: Error }>,
  created: [] as string[],
}));

vi.mock('#ort', () => ({
  ort: {
    devices: ['cuda', 'webgpu', 'cpu'],
    check: async (device: NamedDevice) => machine.checks[device],
    create: async (_: unknown, device: NamedDevice, { strict }: { strict?: boolean }) => {
      machine.created.push(strict ? `${device} strict` : device);
      const failure = machine.failures[device];
      if (failure && (strict || !failure.strict)) throw failure.error ?? new Error(failure.message);
      return { inputMetadata: [], outputMetadata: [], release: async () => {} };
    },
  },
}));

const works = { available: true, reason: 'tried: it computes' };
const software = { ...works, software: true, reason: 'software adapter' };
const missing = { available: false, reason: 'no card' };

function setUp(
  checks: Partial<Record<NamedDevice, DeviceCheck>>,
  failures: typeof machine.failures = {},
): void {
  machine.checks = { cuda: missing, webgpu: missing, cpu: works, ...checks };
  machine.failures = failures;
  machine.created.length = 0;
}

const model = new Uint8Array(1);

describe('auto', () => {
  it.each([
    ['the best that works', { cuda: works, webgpu: works }, 'cuda', []],
    ['the next best', { webgpu: works }, 'webgpu', [{ device: 'cuda', reason: 'no card' }]],
    [
      'no software adapter',
      { webgpu: software },
      'cpu',
      [
        { device: 'cuda', reason: 'no card' },
        { device: 'webgpu', reason: 'software adapter' },
      ],
    ],
  ])('takes %s', async (_, checks, device, refusedDevices) => {
    setUp(checks);
    expect(await openSession(model)).toMatchObject({ device, refusedDevices, partlyOnCpu: false });
  });

  it('goes on where a device that works refuses the model, and says why', async () => {
    setUp({ cuda: works }, { cuda: { message: 'out of memory\nat line 3' } });
    const session = await openSession(model);
    expect(session.device).toBe('cpu');
    expect(session.refusedDevices[0].reason).toMatch(/out of memory$/);
  });

  it('fails with the reason of cpu where nothing takes the model', async () => {
    setUp({ cuda: works }, { cuda: { message: 'bad graph' }, cpu: { message: 'bad node' } });
    await expect(openSession(model)).rejects.toThrow(/on cpu: onnxruntime refuses the model: bad node/);
  });
});

describe('a named device', () => {
  it('is taken, also in software', async () => {
    setUp({ webgpu: software });
    expect(await openSession(model, { device: 'webgpu' })).toMatchObject({
      device: 'webgpu',
      refusedDevices: [],
    });
  });

  it('is never replaced by another', async () => {
    setUp({});
    const missingCuda = openSession(model, { device: 'cuda' });
    await expect(missingCuda).rejects.toMatchObject({ code: 'DEVICE_UNAVAILABLE' });
    setUp({ cuda: works }, { cuda: { message: 'bad graph' } });
    await expect(openSession(model, { device: 'cuda' })).rejects.toMatchObject({ code: 'MODEL_INVALID' });
    expect(machine.created).toEqual(['cuda strict']);
  });

  it('passes on what the runtime says of itself, which is nothing about the model', async () => {
    const error = new TailorError('DEPENDENCY_MISSING', 'Loading onnxruntime-web: not there.');
    setUp({}, { cpu: { message: '', error } });
    await expect(openSession(model, { device: 'cpu' })).rejects.toBe(error);
    await expect(openSession(model)).rejects.toBe(error);
  });

  it('tells that the processor runs what it has no kernel for', async () => {
    const message =
      'This session contains graph nodes that are assigned to the default CPU EP, but fallback to CPU EP has been explicitly disabled by the user.';
    setUp({ cuda: works }, { cuda: { message, strict: true } });
    expect(await openSession(model, { device: 'cuda' })).toMatchObject({ device: 'cuda', partlyOnCpu: true });
    expect(machine.created).toEqual(['cuda strict', 'cuda']);
  });
});
