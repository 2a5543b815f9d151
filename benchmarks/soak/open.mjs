// Opens models, and files that are none.

import { inspectModel, npzSource, openModel, openNpz } from 'onnx-tailor';
import { fails, tinyModel, writeFiles } from './tiny-model.mjs';

export async function prepare(folder) {
  const files = writeFiles(folder);
  const bytes = tinyModel();
  const kinds = [
    ['opened by path', () => openModel(files['model.onnx'])],
    ['opened from bytes', () => openModel(bytes)],
    ['inspected', () => inspectModel(files['model.onnx'])],
    ['refused: cut off', () => fails(['MODEL_INVALID'], () => openModel(files['cut.onnx']))],
    ['refused: no such file', () => fails(['FILE_NOT_FOUND'], () => openModel(`${files['model.onnx']}x`))],
    ['data opened and closed', async () => (await npzSource(files['inputs.npz'])).close?.()],
    ['archive opened', async () => (await openNpz(files['inputs.npz'])).read('labels')],
    ['refused: damaged archive', () => fails(['FORMAT_INVALID'], () => openNpz(files['damaged.npz']))],
  ];
  return async (i) => {
    const [kind, work] = kinds[i % kinds.length];
    await work();
    return kind;
  };
}
