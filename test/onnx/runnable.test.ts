/** Large models are run by reference: their weights are mapped from the files that hold them, and nothing is copied. */
import { appendFile, mkdtemp, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { linearHead } from '../../src/array/linear-head.js';
import { openModel } from '../../src/features/model.js';
import { GraphBuilder } from '../../src/onnx/build.js';
import { cutExtractor } from '../../src/onnx/cut.js';
import { isExternal, storedTensors } from '../../src/onnx/external-data.js';
import { chooseHead, findHeads } from '../../src/onnx/find-heads.js';
import { graphPath } from '../../src/onnx/graph-edits.js';
import { graphOf, parseModel, readModelFile } from '../../src/onnx/model-file.js';
import { makeRunnable, type RunnableModel } from '../../src/onnx/runnable.js';
import { graft } from '../../src/recalibrate/graft.js';
import { openSession } from '../../src/runtime/session.js';
import { numbers } from './small-heads.js';

const folder = await mkdtemp(join(tmpdir(), 'onnx-tailor-test-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

const [INPUTS, WIDTH, CLASSES] = [64, 512, 10];

/** A hidden layer of 128 KiB, which is referred to, and a head of 20 KiB, which is not worth it. */
async function write(name: string): Promise<string> {
  const g = new GraphBuilder();
  const input = g.input('x', 'float32', ['n', INPUTS]);
  const hidden = g.relu(g.matMul(input, g.constant(numbers(INPUTS * WIDTH, 1), [INPUTS, WIDTH])));
  const weight = g.constant(numbers(CLASSES * WIDTH, 2), [CLASSES, WIDTH]);
  g.output(g.gemm(hidden, weight, g.constant(numbers(CLASSES, 3), [CLASSES]), { transB: 1 }), 'y');
  const path = join(folder, name);
  await writeFile(path, g.build());
  return path;
}

const referred = ({ bytes }: RunnableModel) =>
  [...storedTensors(parseModel(bytes, 'the test').graph!, graphPath)].filter(({ tensor }) =>
    isExternal(tensor),
  ).length;

const x = { data: numbers(3 * INPUTS, 4), dims: [3, INPUTS] };
async function run({ bytes, folder }: RunnableModel): Promise<number[]> {
  const session = await openSession(bytes, { device: 'cpu', folder });
  try {
    return Array.from((await session.run({ x })).y.data as Float32Array);
  } finally {
    await session.release();
  }
}

const by = { referAbove: 1000 };

describe('a model that is run by reference', () => {
  it('computes the same as one that stands alone, from a small file', async () => {
    const file = await readModelFile(await write('a.onnx'));
    const alone = await makeRunnable(file);
    expect(alone).toEqual({ bytes: file.bytes, folder: undefined });
    const small = await makeRunnable(file, by);
    expect(referred(small)).toBe(1);
    expect(small.bytes.length).toBeLessThan(file.bytes.length - 4 * INPUTS * WIDTH + 1000);
    expect(await run(small)).toEqual(await run(alone));
  });

  it('takes the weights from the file as it is on the disk', async () => {
    const path = await write('b.onnx');
    const small = await makeRunnable(await readModelFile(path), by);
    const before = await run(small);
    // The same file with every weight turned round.
    const bytes = await readFile(path);
    const [{ tensor }] = storedTensors(graphOf(await readModelFile(new Uint8Array(bytes))), graphPath);
    expect(tensor.rawData.length).toBe(4 * INPUTS * WIDTH);
    const at = bytes.indexOf(tensor.rawData);
    for (let i = 3; i < tensor.rawData.length; i += 4) bytes[at + i] ^= 0x80;
    await writeFile(path, bytes);
    expect(await run(small)).not.toEqual(before);
  });

  it('keeps the bytes that were read where the file is another by now, is reached by a link, or was never on a disk', async () => {
    const path = await write('c.onnx');
    const file = await readModelFile(path);
    await utimes(path, new Date(0), new Date(0));
    expect(referred(await makeRunnable(file, by))).toBe(0);
    const again = await readModelFile(path);
    await appendFile(path, '\n');
    await utimes(path, new Date(0), new Date(0));
    expect(referred(await makeRunnable(again, by))).toBe(0);

    const elsewhere = await mkdtemp(join(tmpdir(), 'onnx-tailor-test-'));
    await symlink(await write('d.onnx'), join(elsewhere, 'd.onnx'));
    const linked = await makeRunnable(await readModelFile(join(elsewhere, 'd.onnx')), by);
    expect(referred(linked)).toBe(0);
    expect(await run(linked)).toHaveLength(3 * CLASSES);
    await rm(elsewhere, { recursive: true });

    const bytes = new Uint8Array(await readFile(await write('e.onnx')));
    expect(await makeRunnable(await readModelFile(bytes), by)).toEqual({ bytes, folder: undefined });
  });

  it('is cut by reference as well', async () => {
    const file = await readModelFile(await write('f.onnx'));
    const location = chooseHead(findHeads(file));
    const [alone, small] = [await cutExtractor(file, location), await cutExtractor(file, location, by)];
    expect([referred(alone), referred(small)]).toEqual([0, 1]);
    const outputs = async ({ bytes, folder }: RunnableModel) => {
      const session = await openSession(bytes, { device: 'cpu', folder });
      const results = await session.run({ x });
      await session.release();
      return results;
    };
    expect(await outputs(small)).toEqual(await outputs(alone));
  });

  it('is grafted and proven by reference: the same file comes out', async () => {
    const path = await write('g.onnx');
    const head = linearHead(numbers(CLASSES * WIDTH, 8), numbers(CLASSES, 9), CLASSES, WIDTH);
    const alone = await graft(await openModel(path), head);
    const small = await graft(await openModel(path), head, by);
    expect(small.verification).toEqual(alone.verification);
    expect(small.sha256).toBe(alone.sha256);
    const out = join(folder, 'new.onnx');
    await small.save(out);
    expect(new Uint8Array(await readFile(out))).toEqual(alone.bytes);
    expect((await openModel(out)).head.weight.data).toEqual(head.weight.data);
  });
});
