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
  ['test/array/platform.test.ts', "Node's files; those of pages are in test/browser"],
  ['test/data/{sources,pictures-missing,image-list}.test.ts', 'sharp'],
  ['test/report/gallery.test.ts', 'it starts a process'],
  [
    'test/runtime/{devices,process}.test.ts',
    'they start processes; the devices of pages are in test/browser',
  ],
];
