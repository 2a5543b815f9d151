/**
 * Every block of code in the documents works as it stands there, or this says why it is not run. They run in their order in one
 * folder, which has a small model and pictures under the names that the documents use.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../src/array/random.js';
import { pythonHas } from './array/python.js';
import { pictureClassifier } from './features/small-classifiers.js';
import { root, runShell, tinyJob } from './scale/tiny-job.js';

interface Plan {
  /** Why the block is not run here; nothing else counts then. */
  readonly not?: string;
  /** Shell commands before it: what the document takes for granted. */
  readonly before?: string;
  /** JavaScript or Python in front of it: names that the reader has. */
  readonly prelude?: string;
  /** Packages of Python that it needs. */
  readonly python?: readonly string[];
  /** Files that are there afterwards. */
  readonly makes?: readonly string[];
}

const INSTALL = 'test/pack.test.ts installs the package';
const extract = (out: string, set = 'train') =>
  `npx onnx-tailor extract classifier.onnx --data pictures/${set} --out ${out} --force`;
const OPEN_MODEL = `import { openModel } from 'onnx-tailor';\nglobalThis.model = await openModel('classifier.onnx');\n`;

/** By document, in the order of its blocks: the beginning of each, and what to do with it. */
const PLANS: Readonly<Record<string, readonly (readonly [begins: string, plan: Plan])[]>> = {
  'README.md': [
    ['npm ci && npm run demo', { not: 'fetches 139 MB, and takes minutes' }],
    ['npm ci && npm test', { not: 'is what runs this' }],
    ['npm install onnx-tailor sharp', { makes: ['classifier.balanced.onnx'] }],
    ['import { diagnose, imageFolder', { not: 'test/readme.test.ts does' }],
    ['npx onnx-tailor extract', { makes: ['train.npz', 'val.npz', 'head.npz', 'classifier.wb.onnx'] }],
  ],
  'docs/browser.md': [
    ['npm install onnx-tailor onnxruntime-web', { not: INSTALL }],
    [
      'import { openModel, readFeatures, recalibrate }',
      {
        prelude: `import { readFileSync } from 'node:fs';\nglobalThis.file = new Blob([readFileSync('classifier.onnx')]);\n`,
      },
    ],
    ['index.html', { not: 'names files' }],
    ['<!doctype html>', { not: 'test/page/script-tag.test.ts does' }],
    [
      'import { pictureFiles }',
      {
        prelude: `${OPEN_MODEL}import { readdirSync, readFileSync } from 'node:fs';
const paths = ['blue', 'green', 'red'].flatMap((name) => readdirSync('pictures/val/' + name).map((one) => 'val/' + name + '/' + one));
globalThis.input = {
  files: paths.map((webkitRelativePath) =>
    Object.assign(new Blob([readFileSync('pictures/' + webkitRelativePath)]), { webkitRelativePath }),
  ),
};
process.on('exit', (code) => { if (code === 0 && !(paths.length > 0)) process.exitCode = 1; });
`,
      },
    ],
    ['Cross-Origin-Opener-Policy', { not: 'headers of a server; test/page/static-server.ts sends them' }],
  ],
  'docs/devices.md': [['npm run setup:cuda', { not: 'needs CUDA' }]],
  'docs/diagnostics.md': [
    ['npx onnx-tailor extract', { before: 'rm -rf train.npz', makes: ['test.npz', 'report.html'] }],
    [
      'import { diagnose, diagnosisContent',
      { prelude: `${OPEN_MODEL}model = { ...model, head: model.head, trainCounts: [300, 60, 8] };\n` },
    ],
    [
      'npx onnx-tailor diagnose part-1.npz',
      {
        before: `${extract('part-1.npz')}\n${extract('part-2.npz', 'test')}`,
        makes: ['part-2.statistics.npz'],
      },
    ],
  ],
  'docs/features.md': [
    ['npx onnx-tailor extract', { makes: ['train.parquet', 'head.safetensors', 'fitted.onnx'] }],
    [
      'import json',
      { before: extract('train.safetensors'), python: ['safetensors', 'torch'], makes: ['mine.safetensors'] },
    ],
    ['SELECT class', { python: ['duckdb'] }],
    ['import duckdb', { python: ['duckdb'], makes: ['some.parquet'] }],
    [
      'from safetensors.torch',
      {
        python: ['safetensors', 'torch'],
        prelude: 'import torch\nclass model: fc = torch.nn.Linear(3, 3)\n',
        makes: ['head.safetensors'],
      },
    ],
    [
      'npx onnx-tailor extract',
      { before: 'rm -rf train report.html', makes: ['train/manifest.json', 'report.html'] },
    ],
    ['npx onnx-tailor extract', { before: 'rm -rf train', makes: ['train/manifest-1-of-2.json'] }],
    [
      'npx onnx-tailor diagnose part1/',
      { before: `${extract('part1/')}\n${extract('part2/', 'test')}`, makes: ['part1.npz', 'part2.npz'] },
    ],
    [
      'import { openFeatureStream',
      { before: `rm train.parquet\n${extract('train.npz')}`, makes: ['train.parquet'] },
    ],
    ['import { diagnose, extractStore', { before: 'rm -rf train', makes: ['train/manifest.json'] }],
    ['npx onnx-tailor fit train/', { before: 'rm -f head.npz', makes: ['head.npz'] }],
    ['import { fit, openFeatureStream', {}],
  ],
  'docs/reproduction.md': [
    [
      'npm run paper -- all',
      { not: 'takes an hour; test/benchmarks/reproduction.test.ts reads what it wrote' },
    ],
    ['data/cifar-10-batches-bin/', { not: 'names files' }],
    ['DATA=../data', { not: 'trains for weeks of a graphics card' }],
    ['npm run paper -- all --data', { not: 'needs what that trained' }],
  ],
  'docs/scale.md': [
    ['mkdir -p work/statistics', { not: 'test/scale/docs.test.ts does' }],
    ['npx onnx-tailor diagnose work/features/', { not: 'test/scale/docs.test.ts does' }],
    ['FROM node:22-slim', { not: 'needs a container engine' }],
    [
      'kubectl apply',
      { not: 'needs a cluster; test/scale/kubernetes.test.ts runs the commands of the jobs' },
    ],
    ['export MODEL=', { not: 'needs Slurm; test/scale/slurm.test.ts runs the script' }],
    ['pip install ray', { not: 'test/scale/ray.test.ts does, where there is Ray' }],
  ],
  'SECURITY.md': [['docker run', { not: 'needs a container engine' }]],
};

/** Documents for whoever uses the package or works on it. */
const DOCUMENTS = [
  ...['README.md', 'SECURITY.md', 'CONTRIBUTING.md', 'RELEASING.md', 'CHANGELOG.md', 'examples/README.md'],
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];
const read = (document: string) => readFileSync(join(root, document), 'utf8');
const blocksOf = (document: string) =>
  [...read(document).matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language, code]) => ({
    language,
    code,
  }));

const job = tinyJob();
const { cwd, file } = job;

beforeAll(async () => {
  const preprocess = JSON.stringify({ size: [2, 2], scale: 1 / 255 });
  const metadata = { 'onnx_tailor.preprocess': preprocess, 'onnx_tailor.classes': '["blue","green","red"]' };
  file('classifier.onnx', pictureClassifier({ metadata }));
  file('counts.json', '{ "blue": 300, "green": 60, "red": 8 }');
  const random = createRandom(1);
  for (const [part, counts] of Object.entries({ train: [90, 30, 8], val: [20, 20, 20], test: [9, 9, 9] }))
    for (const [k, name] of ['blue', 'green', 'red'].entries()) {
      const folder = join(cwd, 'pictures', part, name);
      mkdirSync(folder, { recursive: true });
      for (let i = 0; i < counts[k]; i++) {
        const pixel = [0, 1, 2].map((channel) => Math.round(90 + 60 * random() + (channel === k ? 60 : 0)));
        const raw = { width: 2, height: 2, channels: 3 } as const;
        const picture = sharp(Buffer.from(new Array(4).fill(pixel).flat()), { raw });
        writeFileSync(join(folder, `${i}.png`), await picture.png().toBuffer());
      }
    }
  mkdirSync(join(cwd, 'node_modules'));
  symlinkSync(root, join(cwd, 'node_modules/onnx-tailor'));
});

describe('blocks of code', () => {
  it('are all known to this test', () => {
    for (const document of DOCUMENTS) {
      const planned = (PLANS[document] ?? []).map(([begins]) => begins);
      const found = blocksOf(document).map(({ code }, i) => code.slice(0, planned[i]?.length || 40));
      expect(found, document).toEqual(planned);
    }
  });

  it('are left out for what is there', () => {
    const reasons = Object.values(PLANS).flatMap((plans) => plans.map(([, { not = '' }]) => not));
    for (const [path] of reasons.flatMap((reason) => [...reason.matchAll(/test\/[\w./-]+\.ts/g)]))
      expect(existsSync(join(root, path)), path).toBe(true);
  });

  const blocks = DOCUMENTS.flatMap((document) =>
    blocksOf(document).map((block, i) => ({
      ...block,
      document,
      number: i + 1,
      plan: PLANS[document]?.[i]?.[1] ?? {},
    })),
  );
  const run = blocks.filter(({ plan }) => plan.not === undefined);

  it.for(run)('$document, block $number ($language)', { timeout: 120_000 }, (block, context) => {
    const { language, code, plan } = block;
    if (!(plan.python ?? []).every(pythonHas)) context.skip();
    if (plan.before) expect(runShell(`set -e\n${plan.before}`, job)).toMatchObject({ status: 0 });
    const { status, stderr } = runBlock(language, code, plan.prelude ?? '');
    expect(stderr).not.toMatch(/^onnx-tailor: |Error/m);
    expect(status, stderr).toBe(0);
    for (const made of plan.makes ?? []) expect(existsSync(join(cwd, made)), made).toBe(true);
  });
});

function runBlock(language: string, code: string, prelude: string) {
  switch (language) {
    case 'sh':
      // What npm installs is linked here already.
      return runShell(`set -e\n${code.replace(/^npm install .*$/gm, '')}`, job);
    case 'js':
    case 'ts':
      file('prelude.mjs', prelude);
      file('block.mjs', code);
      return spawn(process.execPath, ['--import', './prelude.mjs', 'block.mjs']);
    case 'python':
      return spawn(process.env.TAILOR_PYTHON ?? 'python3', ['-c', prelude + code]);
    case 'sql':
      return spawn(process.env.TAILOR_PYTHON ?? 'python3', [
        ...['-c', 'import duckdb, sys; assert duckdb.sql(sys.argv[1]).fetchall()'],
        code,
      ]);
    default:
      throw new Error(`Nothing runs blocks of ${language}.`);
  }
}

function spawn(command: string, args: readonly string[]) {
  return spawnSync(command, args, { cwd, encoding: 'utf8', timeout: 60_000 });
}

describe('links', () => {
  it.each(DOCUMENTS)('of %s lead to files and headings that are there', (document) => {
    const text = read(document).replace(/^```[\s\S]*?^```$/gm, '');
    for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [path, heading] = target.split('#');
      const found = path === '' ? join(root, document) : resolve(root, dirname(document), path);
      expect(existsSync(found), `${document}: ${target}`).toBe(true);
      if (heading) expect(headingsOf(found), `${document}: ${target}`).toContain(heading);
    }
  });
});

/** Anchors as GitHub makes them. */
function headingsOf(path: string): string[] {
  return [...readFileSync(path, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
