/** Damaged models: whatever is wrong, the answer is a result or a TailorError, and it comes soon. */
import { toBinary } from '@bufbuild/protobuf';
import * as fc from 'fast-check';
import { type ModelProto, ModelProtoSchema } from 'onnx-buf';
import { expect, it } from 'vitest';
import { TailorError } from '../../src/array/errors.js';
import { cutExtractor } from '../../src/onnx/cut.js';
import { findHeads } from '../../src/onnx/find-heads.js';
import { graftHead } from '../../src/onnx/graft.js';
import { readModelFile } from '../../src/onnx/model-file.js';
import { readHead } from '../../src/onnx/read-head.js';
import { otherHead } from './run-model.js';
import { buildCase, HEAD_CASES } from './small-heads.js';

const models = HEAD_CASES.map(buildCase);
const anyModel = fc.constantFrom(...models);

/** Everything that the floor does to a model. Returns how far it came. */
async function useAll(bytes: Uint8Array): Promise<string> {
  let done = 'nothing';
  try {
    const file = await readModelFile(bytes);
    done = 'read';
    for (const location of findHeads(file).heads) {
      done = 'found';
      await readHead(file, location);
      await cutExtractor(file, location);
      // A damaged shape may say millions of classes; the head of such a size is not what is tested.
      if (location.classes * location.dimensions > 1e5) continue;
      if (location.kind === 'logits') continue;
      const grafted = await graftHead(file, location, otherHead(location), { metadata: { a: 'b' } });
      const after = await readModelFile(grafted.bytes);
      expect(findHeads(after).heads.length).toBeGreaterThan(0);
      done = 'grafted';
    }
  } catch (error) {
    if (!(error instanceof TailorError)) throw error;
  }
  return done;
}

it('bytes changed at random', async () => {
  const came = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(
      anyModel,
      fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 3 }),
      async (bytes, changes) => {
        const damaged = bytes.slice();
        for (const [at, value] of changes) damaged[at % damaged.length] = value;
        const done = await useAll(damaged);
        came.set(done, (came.get(done) ?? 0) + 1);
      },
    ),
    { numRuns: 1500 },
  );
  // The test is worth something only if models get through to the end.
  expect(came.get('grafted')).toBeGreaterThan(100);
});

/** Ways in which a model can be wrong though it decodes. */
const damages: ((model: ModelProto, a: number, b: number) => void)[] = [
  // Another node's output as an input: cycles, wrong types, features from nowhere.
  ({ graph }, a, b) => {
    const [to, from] = [graph!.node[a % graph!.node.length], graph!.node[b % graph!.node.length]];
    if (to.input.length > 0) to.input[b % to.input.length] = from.output[0];
  },
  ({ graph }, a) => {
    graph!.node[a % graph!.node.length].input.pop();
  },
  ({ graph }, a) => {
    graph!.node[a % graph!.node.length].output.pop();
  },
  ({ graph }, a, b) => {
    graph!.node[a % graph!.node.length].input.push(graph!.node[b % graph!.node.length].input[0] ?? '');
  },
  ({ graph }, a) => {
    graph!.node.splice(a % graph!.node.length, 1);
  },
  ({ graph }, a, b) => {
    graph!.node.push(graph!.node[a % graph!.node.length], graph!.node[b % graph!.node.length]);
  },
  ({ graph }, a, b) => {
    graph!.node[a % graph!.node.length].opType = graph!.node[b % graph!.node.length].opType;
  },
  ({ graph }, a) => {
    graph!.node[a % graph!.node.length].attribute = [];
  },
  ({ graph }, a, b) => {
    for (const { attribute } of graph!.node) {
      for (const one of attribute) one.i = BigInt((b % 9) - 4) * (a % 5 === 0 ? 2n ** 40n : 1n);
    }
  },
  ({ graph }, a) => {
    graph!.initializer.splice(a % Math.max(1, graph!.initializer.length), 1);
  },
  ({ graph }, a, b) => {
    const tensor = graph!.initializer[a % Math.max(1, graph!.initializer.length)];
    if (tensor)
      tensor.dims = [[], [-1n], [0n, 5n], [2n ** 62n, 4n], [20n], [4n, 5n, 1n], [2n, 2n, 5n]][b % 7];
  },
  ({ graph }, a, b) => {
    const tensor = graph!.initializer[a % Math.max(1, graph!.initializer.length)];
    if (tensor) tensor.dataType = b % 30;
  },
  ({ graph }, a, b) => {
    graph!.output[a % graph!.output.length].name = graph!.node[b % graph!.node.length].output[0] ?? '';
  },
  ({ graph }, _, b) => {
    for (const { type } of graph!.output) {
      if (type?.value.case !== 'tensorType') continue;
      for (const dim of type.value.value.shape?.dim ?? [])
        dim.value = { case: 'dimValue', value: BigInt((b % 6) - 2) };
    }
  },
];

it('graphs changed at random', async () => {
  let grafted = 0;
  await fc.assert(
    fc.asyncProperty(
      anyModel,
      fc.array(fc.tuple(fc.constantFrom(...damages), fc.nat(), fc.nat()), { minLength: 1, maxLength: 3 }),
      async (bytes, changes) => {
        const { proto } = await readModelFile(bytes.slice());
        for (const [damage, a, b] of changes) if (proto.graph!.node.length > 0) damage(proto, a, b);
        if ((await useAll(toBinary(ModelProtoSchema, proto))) === 'grafted') grafted++;
      },
    ),
    { numRuns: 2000 },
  );
  expect(grafted).toBeGreaterThan(100);
});
