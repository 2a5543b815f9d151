import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { listDevices, runtimeVersions } from '../../src/runtime/devices.js';
import { explainFailure, judgeProbe } from '../../src/runtime/probe.node.js';
import { openSession } from '../../src/runtime/session.js';
import { reluModel } from './small-models.js';

describe('doctor', () => {
  it('lists every device with a reason, and opens sessions on those it calls available', async () => {
    const devices = await listDevices();
    expect(devices.map((found) => found.device)).toEqual(['cpu', 'cuda', 'webgpu']);
    expect(devices[0]).toMatchObject({ available: true, software: false });
    for (const { device, available, reason } of devices) {
      expect(reason.length).toBeGreaterThan(5);
      const attempt = openSession(reluModel('float32'), { device });
      if (available) await (await attempt).release();
      else await expect(attempt).rejects.toThrow(`Opening a session on ${device}: ${reason}`);
    }
  });

  it('says how to get cuda where its provider is missing', async () => {
    const cuda = (await listDevices()).find((found) => found.device === 'cuda')!;
    if (cuda.available || process.platform !== 'linux' || process.arch !== 'x64') return;
    if (!/providers_cuda/.test(cuda.reason)) return;
    const script = cuda.reason.match(/"node (.+?) --onnxruntime-node-install=cuda12"/);
    expect(script && existsSync(script[1])).toBe(true);
  });

  it('knows the versions', async () => {
    const versions = await runtimeVersions();
    expect(versions).toMatchObject({
      'onnx-tailor': expect.stringMatching(/^\d+\.\d+\.\d+/),
      'onnxruntime-node': expect.stringMatching(/^1\.\d+\.\d+/),
      node: process.versions.node,
      sharp: expect.any(String),
    });
  });
});

describe('what a probe says', () => {
  const missing = (library: string) =>
    `[E:onnxruntime] Failed to load library /x/libonnxruntime_providers_cuda.so with error: ${library}: cannot open shared object file: No such file or directory`;

  it.each([
    [
      'cuda',
      'Failed to load shared library',
      missing('libcublasLt.so.12'),
      /libcublasLt\.so\.12 is missing: install it/,
    ],
    ['cuda', 'CUDA failure 100: no CUDA-capable device is detected', '', /no CUDA-capable device/],
    [
      'webgpu',
      'Failed to get a WebGPU adapter: No supported adapters',
      "Warning: Couldn't load Vulkan: libvulkan.so.1: cannot open shared object file",
      /libvulkan\.so\.1 is missing; install the Vulkan loader/,
    ],
    ['webgpu', 'Failed to get a WebGPU adapter: No supported adapters', '', /no driver for a graphics card/],
    ['webgpu', 'something else\nsecond line', '', /^onnxruntime says: something else$/],
  ] as const)('%s: %s', (device, message, log, expected) => {
    expect(explainFailure(device, message, log)).toMatch(expected);
  });

  const discovered = (vendor: string, type: number) =>
    `[I:onnxruntime] Discovered OrtHardwareDevice {vendor_id:${vendor}, device_id:0x1, vendor:V, type:${type}, metadata: []}`;

  it.each([
    ['a card', discovered('0x10de', 1), ['/usr/lib/libGLX_nvidia.so.0'], false],
    [
      'a card beside an installed software driver',
      discovered('0x1002', 1),
      ['/usr/lib/libvulkan_lvp.so'],
      false,
    ],
    ['no card at all', discovered('0x8086', 0), ['/usr/lib/libvulkan_lvp.so'], true],
    ["a server's display adapter", discovered('0x1a03', 1), [], true],
    ['SwiftShader by request', discovered('0x10de', 1), ['/usr/lib/libvk_swiftshader.so'], true],
  ])('%s', (_, log, libraries, software) => {
    expect(judgeProbe('webgpu', { ok: true, libraries }, log)).toMatchObject({ available: true, software });
  });
});

// Debian's chromium brings the software adapter: VK_ICD_FILENAMES=/usr/lib/chromium/vk_swiftshader_icd.json
const swiftshader = /swiftshader/i.test(process.env.VK_ICD_FILENAMES ?? '');
if (!swiftshader)
  console.warn('Skipped: sessions on WebGPU in software. VK_ICD_FILENAMES does not name SwiftShader.');

describe.runIf(swiftshader)('webgpu on a software adapter', () => {
  it('is taken when named and never by auto', async () => {
    const named = await openSession(reluModel('float32'), { device: 'webgpu' });
    expect(named).toMatchObject({ device: 'webgpu', partlyOnCpu: false });
    const { y } = await named.run({ x: { data: Float32Array.of(-1, 2), dims: [2] } });
    expect(y.data).toEqual(Float32Array.of(0, 2));
    await named.release();
    const auto = await openSession(reluModel('float32'));
    expect(auto.device).not.toBe('webgpu');
    await auto.release();
  });

  it('tells when the processor does the work', async () => {
    const session = await openSession(reluModel('float64'), { device: 'webgpu' });
    expect(session.partlyOnCpu).toBe(true);
    await session.release();
  });
});
