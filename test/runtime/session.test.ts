import { afterEach, describe, expect, it } from 'vitest';
import { ort } from '#ort';
import { GraphBuilder } from '../../src/onnx/build.js';
import type { ElementType } from '../../src/onnx/protos.js';
import { openSession, type Session } from '../../src/runtime/session.js';
import { temporaryFolder } from '../data/temporary-folder.js';
import { failingModel, twoOutputModel } from './small-models.js';

const fileIn = temporaryFolder();
const open: Session[] = [];
afterEach(async () => {
  for (const session of open.splice(0)) await session.release();
});

async function opened(...args: Parameters<typeof openSession>): Promise<Session> {
  const session = await openSession(...args);
  open.push(session);
  return session;
}

function identityModel(type: ElementType): Uint8Array {
  const g = new GraphBuilder();
  g.output(g.input('x', type, ['n']), 'y', type, ['n']);
  return g.build();
}

const twoOutputs = twoOutputModel();

describe('openSession on cpu', () => {
  it('describes inputs and outputs and computes', async () => {
    const session = await opened(twoOutputs, { device: 'cpu', threads: 1 });
    expect(session).toMatchObject({ device: 'cpu', refusedDevices: [], partlyOnCpu: false });
    expect(session.inputs).toEqual([{ name: 'x', type: 'float32', dims: ['batch', 3] }]);
    expect(session.outputs.map((output) => output.name)).toEqual(['y', 'z']);
    const results = await session.run({ x: { data: Float32Array.of(1, 2, 3), dims: [1, 3] } });
    expect(results).toEqual({
      y: { type: 'float32', data: Float32Array.of(2, 4, 6), dims: [1, 3] },
      z: { type: 'float32', data: Float32Array.of(-1, -2, -3), dims: [1, 3] },
    });
  });

  it('returns only the outputs that are asked for', async () => {
    const session = await opened(twoOutputs, { device: 'cpu' });
    const results = await session.run({ x: { data: Float32Array.of(1, 2, 3), dims: [1, 3] } }, ['z']);
    expect(Object.keys(results)).toEqual(['z']);
  });

  it('opens a file by its path', async () => {
    const path = fileIn('m.onnx', twoOutputs);
    const session = await opened(path, { device: 'cpu' });
    expect(session.inputs).toHaveLength(1);
    await expect(openSession(`${path}.missing`)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  });

  it.each([
    ['a missing input', {}, 'INVALID_ARGUMENT', /nothing was given for its input "x"/],
    [
      'an unknown input',
      {
        x: { data: Float32Array.of(1, 2, 3), dims: [1, 3] },
        w: { data: Float32Array.of(1), dims: [1] },
      },
      'INVALID_ARGUMENT',
      /no input "w"; its inputs are x/,
    ],
    [
      'a wrong shape',
      { x: { data: Float32Array.of(1, 2), dims: [1, 2] } },
      'SHAPE_MISMATCH',
      /takes \[batch, 3\], got \[1, 2\]/,
    ],
    [
      'a wrong rank',
      { x: { data: Float32Array.of(1, 2, 3), dims: [3] } },
      'SHAPE_MISMATCH',
      /takes \[batch, 3\], got \[3\]/,
    ],
  ])('refuses %s', async (_, feeds, code, message) => {
    const session = await opened(twoOutputs, { device: 'cpu' });
    const run = session.run(feeds);
    await expect(run).rejects.toMatchObject({ code });
    await expect(run).rejects.toThrow(message);
  });

  it('refuses an unknown output', async () => {
    const session = await opened(twoOutputs, { device: 'cpu' });
    const run = session.run({ x: { data: Float32Array.of(1, 2, 3), dims: [1, 3] } }, ['nope']);
    await expect(run).rejects.toThrow(/no tensor output "nope"; its outputs are y, z/);
  });

  it('releases once, waits for the run under way, and refuses to run afterwards', async () => {
    const session = await openSession(twoOutputs, { device: 'cpu' });
    const feeds = { x: { data: Float32Array.of(1, 2, 3), dims: [1, 3] } };
    const underWay = session.run(feeds);
    await Promise.all([session.release(), session.release()]);
    await session.release();
    expect((await underWay).y.data).toEqual(Float32Array.of(2, 4, 6));
    const late = session.run(feeds);
    await expect(late).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(late).rejects.toThrow(/session was released/);
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses %s threads', async (threads) => {
    await expect(openSession(twoOutputs, { threads })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('refuses an unknown device word', async () => {
    const attempt = openSession(twoOutputs, { device: 'gpu' as 'auto' });
    await expect(attempt).rejects.toThrow(/got "gpu"; allowed are auto, cpu, cuda, webgpu/);
  });

  it.each([
    ['garbage', Uint8Array.of(1, 2, 3, 4)],
    ['a truncated model', twoOutputs.subarray(0, twoOutputs.length - 20)],
  ])('refuses %s as MODEL_INVALID, on auto as well', async (_, bytes) => {
    await expect(openSession(bytes, { device: 'cpu' })).rejects.toMatchObject({ code: 'MODEL_INVALID' });
    await expect(openSession(bytes)).rejects.toMatchObject({ code: 'MODEL_INVALID' });
  });

  it('reports a model that fails while it runs', async () => {
    const session = await opened(failingModel(), { device: 'cpu' });
    const run = session.run({ x: { data: Float32Array.of(1, 2, 3), dims: [3] } });
    await expect(run).rejects.toMatchObject({ code: 'MODEL_INVALID' });
  });
});

describe('element types', () => {
  it.each([
    ['int32', Float64Array.of(1, -2), Int32Array.of(1, -2)],
    ['int64', Uint8Array.of(1, 255), BigInt64Array.of(1n, 255n)],
    ['uint8', BigInt64Array.of(0n, 255n), Uint8Array.of(0, 255)],
    ['float64', Float32Array.of(0.5, 2), Float64Array.of(0.5, 2)],
    ['float32', Float64Array.of(0.5, 2), Float32Array.of(0.5, 2)],
    ['float16', Float32Array.of(0.5, -65504), Float32Array.of(0.5, -65504)],
    ['float16', Uint8Array.of(3, 255), Float32Array.of(3, 255)],
  ] as const)('feeds %s from other numbers and reads it back', async (type, data, expected) => {
    const session = await opened(identityModel(type), { device: 'cpu' });
    const { y } = await session.run({ x: { data, dims: [2] } });
    expect(y.data).toEqual(expected);
    expect(y.type).toBe(type === 'float16' ? 'float32' : type);
  });
});

describe('auto and named devices', () => {
  it('auto says what it took and why not the others', async () => {
    const session = await opened(twoOutputs);
    const passed = session.refusedDevices.map((refused) => refused.device);
    expect([...passed, session.device]).toEqual(ort.devices.slice(0, passed.length + 1));
    for (const { reason } of session.refusedDevices) expect(reason.length).toBeGreaterThan(10);
  });

  it.each(['cuda', 'webgpu'] as const)('%s is taken or refused with the reason', async (device) => {
    const attempt = openSession(twoOutputs, { device });
    const session = await attempt.catch((error: unknown) => error);
    if (session instanceof Error) {
      expect(session).toMatchObject({ code: 'DEVICE_UNAVAILABLE' });
      expect(session.message).toMatch(new RegExp(`Opening a session on ${device}: .{10,}`));
    } else {
      open.push(session as Session);
      expect((session as Session).device).toBe(device);
    }
  });
});
