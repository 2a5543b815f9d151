// `npm run bench -- graft`: a head is put into a large model, beside cp and onnx's Python package.

import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { writeNpz } from 'onnx-tailor';
import { root } from './feature-sets.mjs';
import { describeMachine, machineFacts } from './machine.mjs';
import { formatSeconds, markdownTable } from './table.mjs';
import { spread } from './timing.mjs';
import { watch } from './watched-process.mjs';

const CLI = join(root, 'dist/cli/launch.cjs');
const PEER = join(root, 'benchmarks/graft-peer.py');
const ON_DISK = 'copy that waits for the disk (dd conv=fsync)';
/** Layers of 64 MiB: 1.4 GiB, which a message still holds, and as much beside the model. */
const [FULL, QUICK] = [22, 4];

/** @param {{ threads: number, quick: boolean, out: string }} options */
export async function benchGraft({ threads, quick, out }) {
  const machine = await machineFacts(threads);
  const python = process.env.TAILOR_PYTHON ?? 'python3';
  const peer = JSON.parse(await peerVersions(python));
  if (!peer.missing) Object.assign(machine.versions, peer);
  const folder = mkdtempSync(join(tmpdir(), 'onnx-tailor-bench-'));
  try {
    const results = [];
    for (const storage of ['embedded', 'external']) {
      results.push(
        await measure({ folder, storage, layers: quick ? QUICK : FULL, python, peer, quick, threads }),
      );
    }
    const text = [
      '# Speed of graft',
      describeMachine(machine),
      'A head of 1000 × 4096 into a classifier whose weights are inside the .onnx file or in a file beside it; each line a process ' +
        'of its own, in turns. onnx-tailor reads the file, proves the new one by running both, writes it and waits until it is on the disk; so does the second copy, ' +
        'while cp and onnx leave it in the system’s cache. Memory is the most that was the process’s own; in brackets with the pages of mapped files.',
      ...results.map(
        ({ storage, bytes, table }) => `## ${storage}, ${(bytes / 2 ** 20).toFixed(0)} MiB\n\n${table}`,
      ),
      peer.missing ? `onnx (Python): not measured, ${peer.missing}.` : '',
    ]
      .filter(Boolean)
      .join('\n\n');
    writeFileSync(join(out, 'graft.md'), `${text}\n`);
    const plain = results.map(({ table: _, ...rest }) => rest);
    writeFileSync(join(out, 'graft.json'), `${JSON.stringify({ machine, results: plain }, null, 2)}\n`);
    process.stdout.write(`${text}\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function peerVersions(python) {
  try {
    return (await watch(python, [PEER, 'versions'])).stdout;
  } catch (error) {
    return JSON.stringify({ missing: error.message });
  }
}

async function measure({ folder, storage, layers, python, peer, quick, threads }) {
  const name = `classifier-${storage}`;
  await watch(process.execPath, [
    join(root, 'benchmarks/graft-model.mjs'),
    folder,
    name,
    String(layers),
    storage,
  ]);
  const model = join(folder, `${name}.onnx`);
  const data = `${model}.data`;
  const files = storage === 'embedded' ? [model] : [model, data];
  const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
  const head = join(folder, 'head.npz');
  const numbers = (length) => Float32Array.from({ length }, (_, i) => Math.sin(i));
  await writeNpz(
    head,
    {
      weight: { shape: [1000, 4096], data: numbers(4_096_000) },
      bias: { shape: [1000], data: numbers(1000) },
    },
    { overwrite: true },
  );
  const target = join(folder, 'new.onnx');
  const graft = (more) => [
    CLI,
    'graft',
    model,
    '--head',
    head,
    '--out',
    target,
    '--force',
    '--json',
    ...more,
  ];
  const copies = join(folder, 'copies');
  const contestants = {
    cp: () => watch('cp', [...files, copies]),
    [ON_DISK]: () => {
      const copy = (file) =>
        `dd if='${file}' of='${join(copies, basename(file))}' bs=16M conv=fsync status=none`;
      return watch('sh', ['-c', files.map(copy).join(' && ')]);
    },
    'onnx-tailor graft': () =>
      watch(process.execPath, graft(['--device', 'cpu', '--threads', String(threads)])),
    ...(!peer.missing && {
      'onnx (Python), not proven': () => watch(python, [PEER, 'graft', model, head, target]),
    }),
  };
  const runs = Object.fromEntries(Object.keys(contestants).map((one) => [one, []]));
  for (let turn = 0; turn < (quick ? 2 : 4); turn++) {
    for (const [one, run] of Object.entries(contestants)) {
      mkdirSync(copies);
      const found = await run();
      // The first turn fills the system's cache of files.
      if (turn > 0) runs[one].push(found);
      // What is not on the disk yet must not be in the next one's way.
      for (const left of [target, `${target}.data`, copies]) rmSync(left, { recursive: true, force: true });
    }
  }
  for (const file of files) rmSync(file);
  const [{ seconds: cached }, { seconds: onDisk }] = [middle(runs.cp), middle(runs[ON_DISK])];
  const figures = Object.fromEntries(Object.entries(runs).map(([one, list]) => [one, middle(list)]));
  const rows = Object.entries(figures).map(([one, { seconds, ownMiB, allMiB }]) => [
    one,
    formatSeconds(seconds),
    `${(seconds / cached).toFixed(2)}×`,
    `${(seconds / onDisk).toFixed(2)}×`,
    ownMiB === undefined ? '' : `${ownMiB.toFixed(0)} (${allMiB.toFixed(0)}) MiB`,
  ]);
  return {
    storage,
    bytes,
    figures,
    table: markdownTable(['', 'time', 'against cp', 'against the copy on disk', 'memory'], rows),
  };
}

function middle(list) {
  const most = (name) => Math.max(...list.map((one) => one[name] ?? 0)) || undefined;
  return {
    seconds: spread(list.map(({ seconds }) => seconds)).median,
    ownMiB: most('ownMiB'),
    allMiB: most('allMiB'),
  };
}
