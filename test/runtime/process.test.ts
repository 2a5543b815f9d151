/** What sessions do to the process that they run in: one of its own, since native libraries write past process.stderr. */
import { describe, expect, it } from 'vitest';
import { runCompiled } from './run-compiled.js';
import { failingModel, reluModel, twoOutputModel } from './small-models.js';

const inBase64 = (model: Uint8Array) => Buffer.from(model).toString('base64');

describe('the terminal stays clean', () => {
  it('neither auto, nor refused devices, nor failing models write anything', () => {
    const run = runCompiled(`
      const { openSession } = await load('runtime/session.js');
      const model = Buffer.from('${inBase64(twoOutputModel())}', 'base64');
      const feeds = { x: { data: new Float32Array(3), dims: [1, 3] } };
      for (const device of ['auto', 'cuda', 'webgpu']) {
        const session = await openSession(model, { device }).catch(() => undefined);
        await session?.run(feeds);
        await session?.release();
      }
      const failing = await openSession(Buffer.from('${inBase64(failingModel())}', 'base64'));
      await failing.run({ x: { data: new Float32Array(3), dims: [3] } }).catch(() => {});
      await failing.release();
      const failed = await openSession(model.subarray(0, 40)).catch((error) => error.code);
      console.log(failed);
    `);
    expect(run).toMatchObject({ status: 0, stdout: 'MODEL_INVALID\n', stderr: '' });
  });
});

describe('a process', () => {
  it('ends by itself after sessions were used and not released', () => {
    const run = runCompiled(`
      const { openSession } = await load('runtime/session.js');
      const session = await openSession(Buffer.from('${inBase64(reluModel('float32'))}', 'base64'));
      const { y } = await session.run({ x: { data: Float32Array.of(-1, 2), dims: [2] } });
      console.log(y.data.join());
    `);
    expect(run).toEqual({ status: 0, stdout: '0,2\n', stderr: '' });
  });
});
