/** Ctrl-C in the middle of the work: one line, an exit code of its own, and nothing left behind. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { encodeNpz } from '../../src/array/npz.js';
import { temporaryFolder } from '../data/temporary-folder.js';
import { DIMENSIONS, longTailModel } from '../recalibrate/long-tail-problem.js';
import { main } from './run-cli.js';

const file = temporaryFolder();

it.each(['SIGINT', 'SIGTERM'] as const)('%s', { timeout: 60_000 }, async (signal) => {
  const cwd = dirname(file(`${signal}/model.onnx`, longTailModel()));
  const samples = 200_000;
  const inputs = { shape: [samples, DIMENSIONS], data: new Float32Array(samples * DIMENSIONS) };
  file(`${signal}/data.npz`, encodeNpz({ inputs }));
  const before = readdirSync(cwd);

  // One sample at a time takes far longer than the signal needs to come.
  const args = ['extract', 'model.onnx', '--data', 'data.npz', '--out', 'out.npz', '--batch', '1', '--json'];
  // A loader that says when the extraction has begun would be part of what is tested; a first progress line comes after
  // ten seconds. So: wait until the command has taken over the signal, which it does before it opens the model.
  const hook = join(cwd, '../hook.mjs');
  file(
    'hook.mjs',
    `const on = process.on; process.on = function (name, ...rest) { const it = on.call(this, name, ...rest); if (name === '${signal}') setTimeout(() => console.error('ready'), 800); return it; };`,
  );
  const child = spawn(process.execPath, ['--import', hook, main, ...args], { cwd });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (data) => {
    stdout += data;
  });
  child.stderr.on('data', (data) => {
    stderr += data;
    if (`${data}`.includes('ready')) child.kill(signal);
  });
  const [code] = await once(child, 'close');

  expect(code).toBe(signal === 'SIGINT' ? 130 : 143);
  expect(stderr).toMatch(/Stopped while extracting features of data\.npz: interrupted\.\n$/);
  expect(stderr).not.toMatch(/\n\s+at /);
  expect(JSON.parse(stdout)).toEqual({ error: { code: 'ABORTED', message: expect.any(String) } });
  expect(readdirSync(cwd)).toEqual(before);
});
