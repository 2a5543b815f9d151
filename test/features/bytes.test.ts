/** Sets and models without files: what a page works with. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { matrix } from '../../src/array/matrix.js';
import { encodeNpy } from '../../src/array/npy.js';
import { encodeNpz } from '../../src/array/npz.js';
import { npySource, npzSource } from '../../src/data/array-source.js';
import { FeatureSet } from '../../src/features/feature-set.js';
import { openModel } from '../../src/features/model.js';
import { readFeatures } from '../../src/features/read-features.js';
import { readModelFile } from '../../src/onnx/model-file.js';
import { temporaryFolder } from '../data/temporary-folder.js';

const file = temporaryFolder();

describe('bytes instead of files', () => {
  it('encodes what save writes', async () => {
    const set = new FeatureSet({
      features: matrix(Float32Array.from([1, 2, 3, 4, 5, 6]), 3, 2),
      labels: Int32Array.from([0, 1, 1]),
      classes: ['a', 'b'],
    });
    await set.save(file('set.npz'));
    expect(set.encode()).toEqual(new Uint8Array(readFileSync(file('set.npz'))));
    const again = await readFeatures(set.encode(), 'kept.npz');
    expect(again).toMatchObject({ name: 'kept.npz', samples: 3, classes: ['a', 'b'] });
  });

  it('opens a model that was read with its external data', async () => {
    const folder = 'test/fixtures/onnx';
    const sideFiles = new Map([
      ['external.onnx.data', new Uint8Array(readFileSync(`${folder}/external.onnx.data`))],
    ]);
    const bytes = new Uint8Array(readFileSync(`${folder}/external.onnx`));
    const model = await openModel({ ...(await readModelFile(bytes, { sideFiles })), path: 'mine.onnx' });
    const wanted = await openModel(`${folder}/external.onnx`);
    expect(model.name).toBe('mine.onnx');
    expect(model.head.weight.data).toEqual(wanted.head.weight.data);
  });

  it('calls sources what they are called', async () => {
    const bytes = encodeNpz({ inputs: { shape: [2, 1], data: Float32Array.from([1, 2]) } });
    expect((await npzSource(bytes, { name: 'x.npz' })).name).toBe('x.npz');
    await expect(npzSource(bytes.slice(0, 20), { name: 'x.npz' })).rejects.toThrow(/x\.npz/);
    const npy = encodeNpy({ shape: [2, 1], data: Float32Array.from([1, 2]) });
    expect((await npySource(npy, { name: 'x.npy' })).name).toBe('x.npy');
  });
});
