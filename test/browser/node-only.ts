/** Which tests run in a page. */

/** The folders of test/ that do. */
export const IN_A_PAGE: readonly string[] = [
  'array',
  'browser',
  'compute',
  'data',
  'diagnostics',
  'evaluation',
  'features',
  'head',
  'onnx',
  'recalibrate',
  'report',
  'runtime',
];

/** The tests of these folders that do not, and why; printed where the others run. */
export const NODE_ONLY: readonly (readonly [pattern: string, reason: string])[] = [
  ['test/array/{platform,read-file}.test.ts', "Node's files; those of pages are in test/browser"],
  ['test/data/{sources,pictures-missing,image-list}.test.ts', 'sharp'],
  ['test/data/hostile-pictures.test.ts', 'sharp, pipes and devices'],
  ['test/features/pipeline.test.ts', 'sessions in threads'],
  ['test/onnx/{runnable,hostile-models}.test.ts', 'weights that lie in files'],
  ['test/features/{store,store-hostile}.test.ts', 'a folder whose files are renamed and removed'],
  ['test/report/gallery.test.ts', 'it starts a process'],
  [
    'test/runtime/{devices,process,session-thread,elf}.test.ts',
    'they start processes and threads; the devices of pages are in test/browser',
  ],
];
