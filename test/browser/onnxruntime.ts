/**
 * What tests that ask onnxruntime itself get in a page: onnxruntime-web for onnxruntime-node. It opens the tests' files
 * by their paths, and finds a model's external data beside it, as on a disk.
 */
import * as runtime from 'onnxruntime-web/wasm';
import * as files from './files.js';

export const Tensor = runtime.Tensor;
export type Tensor = runtime.Tensor;

export const InferenceSession = {
  async create(model: string | Uint8Array, options: runtime.InferenceSession.SessionOptions = {}) {
    const settings = { ...options, executionProviders: ['wasm'] };
    if (typeof model !== 'string') return runtime.InferenceSession.create(model, settings);
    const externalData = filesIn(files.folderOf(files.realPath(model))).map(({ name, path }) => ({
      path: name,
      data: files.read(path),
    }));
    return runtime.InferenceSession.create(files.read(model), { ...settings, externalData });
  },
};

/** All files in a folder and the folders in it. */
function filesIn(folder: string, prefix = ''): { name: string; path: string }[] {
  return files.list(folder).flatMap((entry) => {
    const [name, path] = [`${prefix}${entry}`, `${folder}/${entry}`];
    return files.info(path)?.kind === 'folder' ? filesIn(path, `${name}/`) : [{ name, path }];
  });
}
