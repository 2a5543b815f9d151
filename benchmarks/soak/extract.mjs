// Extracts features: in the thread of the caller and in threads, to the end, cancelled, and failing at different points.

import { npzSource, openModel } from 'onnx-tailor';
import { fails, writeFiles } from './tiny-model.mjs';

export async function prepare(folder) {
  const files = writeFiles(folder);
  const pass = async (data, options) => {
    const model = await openModel(files['model.onnx']);
    const source = await npzSource(files[data]);
    try {
      await model.extract(source, { device: 'cpu', batch: 16, threads: 1, ...options });
    } finally {
      await source.close?.();
    }
  };
  const cancelled = (options) =>
    fails(['ABORTED'], async () => {
      const controller = new AbortController();
      const onProgress = ({ done }) => done > 0 && controller.abort('enough');
      await pass('inputs.npz', { signal: controller.signal, onProgress, ...options });
    });
  const thrown = (options) =>
    fails(['OWN'], () =>
      pass('inputs.npz', {
        onProgress({ done }) {
          if (done > 0) throw Object.assign(new Error('own'), { code: 'OWN' });
        },
        ...options,
      }),
    );
  const here = { workers: 0 };
  const kinds = [
    ['in the caller’s thread', () => pass('inputs.npz', here)],
    ['cancelled', () => cancelled(here)],
    ['in the caller’s thread', () => pass('inputs.npz', here)],
    ['failed: a feature is infinite', () => fails(['NOT_FINITE'], () => pass('nan.npz', here))],
    ['in a thread', () => pass('inputs.npz', { workers: 1 })],
    ['in the caller’s thread', () => pass('inputs.npz', here)],
    ['failed: progress throws', () => thrown(here)],
    ['in two threads', () => pass('inputs.npz', { workers: 2 })],
    ['cancelled in a thread', () => cancelled({ workers: 1 })],
    ['failed in a thread: infinite', () => fails(['NOT_FINITE'], () => pass('nan.npz', { workers: 1 }))],
    ['in the caller’s thread', () => pass('inputs.npz', here)],
    [
      'failed: no such device',
      () => fails(['DEVICE_UNAVAILABLE'], () => pass('inputs.npz', { device: 'cuda:99' })),
    ],
  ];
  return async (i) => {
    const [kind, work] = kinds[i % kinds.length];
    await work();
    return kind;
  };
}
