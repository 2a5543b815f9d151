/** Sessions in threads of their own: the same answers, lent memory comes back, and what happens when a thread dies. */
import type { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { openSession, type Session } from '../../src/runtime/session.js';
import { runCompiled } from './run-compiled.js';
import { failingModel, reluModel, twoOutputModel } from './small-models.js';

const threads: Worker[] = [];
const note = (worker: Worker) => threads.push(worker);
const own = { device: 'cpu', ownThread: true } as const;
const open: Session[] = [];
const openOwn = async (model: Uint8Array) => {
  process.on('worker', note);
  const session = await openSession(model, own);
  process.off('worker', note);
  open.push(session);
  return session;
};

afterEach(async () => {
  for (const session of open.splice(0)) await session.release();
  threads.length = 0;
});

describe('a session with a thread of its own', () => {
  it('answers as one in the thread of the caller', async () => {
    const [there, here] = [
      await openOwn(twoOutputModel()),
      await openSession(twoOutputModel(), { device: 'cpu' }),
    ];
    expect(threads).toHaveLength(1);
    const { device, inputs, outputs, partlyOnCpu } = there;
    expect({ device, inputs, outputs, partlyOnCpu }).toEqual({
      ...{ device: here.device, inputs: here.inputs },
      ...{ outputs: here.outputs, partlyOnCpu: here.partlyOnCpu },
    });
    const x = Float32Array.of(1, -2, 3);
    const feeds = { x: { data: x, dims: [1, 3] } };
    expect(await there.run(feeds)).toEqual(await here.run(feeds));
    // What was not lent stays.
    expect(x).toEqual(Float32Array.of(1, -2, 3));
    await here.release();
  });

  it('keeps the order of runs that are under way together', async () => {
    const session = await openOwn(reluModel('float32'));
    const runs = Array.from({ length: 20 }, (_, i) =>
      session.run({ x: { data: Float32Array.of(i, -1 - i), dims: [2] } }),
    );
    const answers = await Promise.all(runs);
    expect(answers.map(({ y }) => [...(y.data as Float32Array)])).toEqual(answers.map((_, i) => [i, 0]));
  });

  it.each(['float32', 'float64'] as const)('takes and gives back memory for %s', async (type) => {
    const session = await openOwn(reluModel(type));
    const all = new Float32Array(8).fill(-1);
    // Behind the part that is fed there is more memory, which is lent with it.
    const x = all.subarray(0, 2);
    x[1] = 2;
    const { results, feeds } = await session.runLent({ x: { data: x, dims: [2] } }, ['y']);
    expect(Array.from(results.y.data as ArrayLike<number>, Number)).toEqual([0, 2]);
    const back = feeds.x.data as Float32Array;
    expect([...back]).toEqual([-1, 2]);
    expect([...new Float32Array(back.buffer as ArrayBuffer)]).toEqual([-1, 2, -1, -1, -1, -1, -1, -1]);
    // Numbers that have to be converted are given away as a copy.
    expect(all.length).toBe(type === 'float32' ? 0 : 8);
  });

  it('says what onnxruntime has against a model or a run', async () => {
    await expect(openSession(twoOutputModel().subarray(0, 40), own)).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringMatching(/onnxruntime refuses the model: ./),
    });
    const session = await openOwn(failingModel());
    const failing = session.run({ x: { data: new Float32Array(3), dims: [3] } });
    await expect(failing).rejects.toMatchObject({ code: 'MODEL_INVALID' });
  });

  it('waits for its runs when it is released, and its thread is gone then', async () => {
    const session = await openOwn(reluModel('float32'));
    const run = session.run({ x: { data: Float32Array.of(1), dims: [1] } });
    await session.release();
    expect([...((await run).y.data as Float32Array)]).toEqual([1]);
    expect(threads[0].threadId).toBe(-1);
    await session.release();
    await expect(session.run({ x: { data: Float32Array.of(1), dims: [1] } })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });

  it('drops the runs that wait when it is stopped', async () => {
    const session = await openOwn(reluModel('float32'));
    const x = { data: new Float32Array(1_000_000), dims: [1_000_000] };
    const runs = Promise.allSettled(Array.from({ length: 50 }, () => session.run({ x })));
    await session.stop();
    expect(threads[0].threadId).toBe(-1);
    const ends = await runs;
    expect(ends.at(-1)).toMatchObject({ status: 'rejected', reason: { code: 'ABORTED' } });
  });

  it('fails its runs when the thread dies, naming the exit code, and is released without waiting', async () => {
    const session = await openOwn(reluModel('float32'));
    const x = { data: new Float32Array(1), dims: [1] };
    // Not in the middle of a run: onnxruntime takes the process along when its thread is stopped there.
    void threads[0].terminate();
    const failed = expect(session.run({ x })).rejects.toMatchObject({
      code: 'DEVICE_UNAVAILABLE',
      message: expect.stringMatching(/thread of its session ended \(exit code 1\)/),
    });
    await failed;
    await expect(session.run({ x })).rejects.toMatchObject({ code: 'DEVICE_UNAVAILABLE' });
    await session.release();
  });

  it('fails with the reason when the thread has no memory left', async () => {
    const session = await openOwn(reluModel('float32'));
    const error = Object.assign(new Error('Worker terminated due to reaching memory limit'), {
      code: 'ERR_WORKER_OUT_OF_MEMORY',
    });
    // As Node tells it: the error, then the end.
    void threads[0].terminate();
    const run = session.run({ x: { data: new Float32Array(1), dims: [1] } });
    threads[0].emit('error', error);
    await expect(run).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringMatching(/memory limit.*smaller batch/),
    });
  });
});

describe('a process', () => {
  const script = (end: string) => `
    const { openSession } = await load('runtime/session.js');
    const model = Buffer.from('${Buffer.from(reluModel('float32')).toString('base64')}', 'base64');
    const session = await openSession(model, { device: 'cpu', ownThread: true });
    const { y } = await session.run({ x: { data: Float32Array.of(-1, 2), dims: [2] } });
    console.log(y.data.join());
    ${end}
  `;

  it.each([
    ['after the session was released', 'await session.release();'],
    ['with a session that nobody released', ''],
    ['by process.exit', 'process.exit(0);'],
    ['with a run that nobody waits for', 'void session.run({ x: { data: Float32Array.of(1), dims: [1] } });'],
  ])('ends by itself %s', (_, end) => {
    expect(runCompiled(script(end))).toEqual({ status: 0, stdout: '0,2\n', stderr: '' });
  });

  it('is kept alive until a session is stopped, also by a reply that was not read yet', () => {
    const run = runCompiled(
      script(`
        const run = session.run({ x: { data: Float32Array.of(1), dims: [1] } });
        // The reply comes meanwhile, and is read while the thread ends.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
        await session.stop();
        await run;
        console.log('stopped');
      `),
    );
    expect(run).toEqual({ status: 0, stdout: '0,2\nstopped\n', stderr: '' });
  });

  it.each([
    ['process.exit', 'process.exit(3)', 3, /^$/],
    ['an error that nobody catches', "throw new Error('of the caller')", 1, /of the caller/],
  ])('ends by %s in the middle of a run, as if there were none', (_, how, status, stderr) => {
    const run = runCompiled(
      script(`
        const x = { data: new Float32Array(2e7), dims: [2e7] };
        for (let i = 0; i < 3; i++) session.run({ x }).catch(() => {});
        setTimeout(() => { ${how}; }, 150);
      `),
    );
    expect(run).toMatchObject({ status, stdout: '0,2\n', stderr: expect.stringMatching(stderr) });
    expect(run.stderr).not.toContain('Napi');
  });
});
