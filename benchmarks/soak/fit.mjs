// Fits heads by every method, to the end, cancelled, diverging and refused; with choosing, recalibrating and diagnosing in between.

import { diagnose, fit, openModel, recalibrate } from 'onnx-tailor';
import { fails, tinyModel, tinySet } from './tiny-model.mjs';

export async function prepare() {
  const model = await openModel(tinyModel());
  const set = tinySet();
  const run = { init: model.head, device: 'cpu', threads: 1 };
  const fitted = (configuration, options) => fit(set, configuration, { ...run, ...options });
  const cancelled = (configuration) =>
    fails(['ABORTED'], () => {
      const controller = new AbortController();
      return fitted(configuration, {
        signal: controller.signal,
        onProgress: () => controller.abort('enough'),
      });
    });
  const kinds = [
    ['linear by lbfgs', () => fitted({ method: 'linear', weightDecay: 0.01 })],
    ['wb', () => fitted({ method: 'wb', epochs: 2 })],
    ['cancelled: linear by lbfgs', () => cancelled({ method: 'linear' })],
    ['ncm', () => fitted({ method: 'ncm' })],
    ['cancelled: sgd', () => cancelled({ method: 'linear', solver: 'sgd', epochs: 3 })],
    ['etf', () => fitted({ method: 'etf' })],
    [
      'diverged',
      () =>
        fails(['FIT_DIVERGED'], () =>
          fitted({ method: 'linear', solver: 'sgd', learningRate: 1e38, epochs: 3 }),
        ),
    ],
    ['lws', () => fitted({ method: 'lws' })],
    [
      'refused',
      () => fails(['INVALID_ARGUMENT'], () => fitted({ method: 'linear', solver: 'sgd', epochs: -1 })),
    ],
    [
      'adamw, two side by side',
      () =>
        fitted(
          [0.1, 0.01].map((learningRate) => ({ method: 'linear', solver: 'adamw', epochs: 2, learningRate })),
        ),
    ],
    ['tau-norm', () => fitted({ method: 'tau-norm' })],
    ['diagnosed', () => diagnose(set, { head: model.head })],
    [
      'recalibrated',
      () =>
        recalibrate(model, {
          validation: set,
          counts: [400, 100, 20, 5],
          bootstrap: 100,
          device: 'cpu',
          threads: 1,
        }),
    ],
  ];
  return async (i) => {
    const [kind, work] = kinds[i % kinds.length];
    await work();
    return kind;
  };
}
