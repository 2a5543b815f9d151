/** ort.browser.ts: the devices of a page. */
import * as wasm from 'onnxruntime-web/wasm';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { listDevices, runtimeVersions } from '../../src/runtime/devices.js';
import { openSession } from '../../src/runtime/session.js';
import { expectRefusal } from '../array/expect-refusal.js';
import { reluModel, twoOutputModel } from '../runtime/small-models.js';

afterEach(() => vi.unstubAllGlobals());

describe('a page', () => {
  it('lists every device with a reason, and opens sessions on those it calls available', async () => {
    const devices = await listDevices();
    expect(devices.map(({ device }) => device)).toEqual(['cpu', 'cuda', 'webgpu']);
    expect(devices[0]).toEqual({ device: 'cpu', available: true, reason: 'WebAssembly', software: false });
    expect(devices[1]).toMatchObject({ available: false, reason: expect.stringMatching(/cannot use CUDA/) });
    for (const { device, available, reason } of devices) {
      expect(reason.length).toBeGreaterThan(5);
      const attempt = openSession(reluModel('float32'), { device });
      if (available) await (await attempt).release();
      else await expect(attempt).rejects.toThrow(`Opening a session on ${device}: ${reason}`);
    }
  });

  it('knows the versions', async () => {
    expect(await runtimeVersions()).toEqual({
      'onnx-tailor': expect.stringMatching(/^\d+\.\d+\.\d+/),
      'onnxruntime-web': expect.stringMatching(/^1\.\d+\.\d+/),
      browser: navigator.userAgent,
    });
  });

  it.each([
    ['no WebGPU', {}, /no WebGPU, or the page is not secure/],
    ['no adapter', { gpu: { requestAdapter: async () => null } }, /offers no graphics card/],
  ])('goes on without %s, and says so', async (_, navigator, reason) => {
    vi.stubGlobal('navigator', navigator);
    const session = await openSession(reluModel('float32'));
    expect(session).toMatchObject({ device: 'cpu', refusedDevices: [{ device: 'webgpu' }] });
    expect(session.refusedDevices[0].reason).toMatch(reason);
    await session.release();
    await expectRefusal(
      () => openSession(reluModel('float32'), { device: 'webgpu' }),
      'DEVICE_UNAVAILABLE',
      reason,
    );
  });

  it('computes with one thread where it is not isolated, whatever is asked for', async () => {
    expect(crossOriginIsolated).toBe(false);
    const session = await openSession(twoOutputModel(), { device: 'cpu', threads: 4 });
    expect((await session.run({ x: { data: Float32Array.of(1, 2, 3), dims: [1, 3] } })).y).toBeDefined();
    await session.release();
    expect(wasm.env.wasm.numThreads).toBe(1);
  });
});
