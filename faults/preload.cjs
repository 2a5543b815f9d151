/**
 * Loaded in front of the command line (node --require): wraps what Node has for files and lets one call go wrong, or ends the process
 * behind it. Only calls in the folder ROOT are counted, so that loading modules is not.
 *
 * FAULT is JSON:
 *   root   folder whose files count
 *   log    file that takes the names of the calls, one a line, at the end of an undisturbed run
 *   of     'writes': calls that change something; 'all': those that read as well
 *   at     number of the call that is hit, from 1
 *   how    'kill' (SIGKILL behind the call), 'half' (half of what was to be written is, then SIGKILL), 'fail' (an error instead),
 *          'short' (half of what was to be written is, then an error), 'signal' (`signal` is sent behind the call)
 *   error  code for 'fail' and 'short', as ENOSPC
 *   sticky with 'fail': from there on every such call fails
 */
const fs = require('node:fs');
const { resolve, sep } = require('node:path');
const { isMainThread } = require('node:worker_threads');
const { syncBuiltinESMExports } = require('node:module');

const fault = JSON.parse(process.env.FAULT ?? '{}');
if (isMainThread && fault.root) install();

function install() {
  const { root, log, of, at, how, error, sticky, signal } = fault;
  const calls = [];
  const { appendFileSync, writeSync } = fs;

  const inside = (path) => typeof path === 'string' && `${resolve(path)}${sep}`.startsWith(root + sep);
  const writes = (flags) => typeof flags === 'string' && /[wax+]/.test(flags);
  const kill = () => {
    process.kill(process.pid, 'SIGKILL');
    // The signal is on its way; nothing may happen any more.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10_000);
  };
  const failure = (name, path) =>
    Object.assign(new Error(`${error}: injected, ${name} '${path}'`), { code: error, syscall: name, path });

  /** What is to happen to this call: undefined for nothing. */
  const judge = (name, path, isWrite) => {
    if (!inside(path) || (of === 'writes' && !isWrite)) return undefined;
    // A descriptor is closed whatever close says; to leave it open is no fault of the disk.
    if (sticky && name.endsWith('close')) return undefined;
    calls.push(`${name} ${resolve(path).slice(root.length + 1)}`);
    if (calls.length === at || (sticky && at !== undefined && calls.length > at)) return how;
    return undefined;
  };
  const behind = (what) => {
    if (what === 'kill' || what === 'half') kill();
    if (what === 'signal') process.kill(process.pid, signal);
  };
  const wrapped = (name, original, isWrite) =>
    async function (path, ...rest) {
      const what = judge(name, path, isWrite(rest));
      if (what === 'fail' || what === 'short') throw failure(name, path);
      const result = await original.call(this, path, ...rest);
      behind(what);
      return result;
    };

  const always = () => true;
  const never = () => false;
  const { promises } = fs;
  for (const name of [
    'rename',
    'link',
    'unlink',
    'rm',
    'mkdir',
    'rmdir',
    'symlink',
    'copyFile',
    'utimes',
    'chmod',
    'truncate',
    'writeFile',
  ])
    promises[name] = wrapped(name, promises[name], always);
  for (const name of ['stat', 'lstat', 'readdir', 'realpath', 'access', 'readFile', 'readlink'])
    promises[name] = wrapped(name, promises[name], never);

  const open = promises.open;
  promises.open = async function (path, flags, ...rest) {
    const what = judge('open', path, writes(flags));
    if (what === 'fail' || what === 'short') throw failure('open', path);
    const handle = await open.call(this, path, flags, ...rest);
    behind(what);
    if (inside(path)) watch(handle, path, writes(flags));
    return handle;
  };

  function watch(handle, path, written) {
    const { write, close } = handle;
    for (const name of ['writeFile', 'write', 'appendFile']) {
      const original = handle[name];
      handle[name] = async function (data, ...more) {
        const what = judge(name, path, true);
        if (what === 'fail') throw failure(name, path);
        if (what === 'half' || what === 'short') {
          const bytes = Buffer.from(data.buffer ?? data, data.byteOffset, data.byteLength);
          await write.call(this, bytes, 0, bytes.length >> 1);
          behind(what);
          throw failure(name, path);
        }
        const result = await original.call(this, data, ...more);
        behind(what);
        return result;
      };
    }
    for (const name of ['sync', 'datasync', 'chmod', 'truncate', 'utimes', 'read', 'readFile', 'stat']) {
      const isWrite = !['read', 'readFile', 'stat'].includes(name) && written;
      const original = handle[name];
      handle[name] = async function (...given) {
        const what = judge(`file.${name}`, path, isWrite);
        if (what === 'fail' || what === 'short') throw failure(name, path);
        const result = await original.apply(this, given);
        behind(what);
        return result;
      };
    }
    handle.close = async function () {
      const what = judge('file.close', path, written);
      await close.call(this);
      behind(what);
      if (what === 'fail' || what === 'short') throw failure('close', path);
    };
  }

  for (const name of ['rmSync', 'unlinkSync', 'writeFileSync', 'renameSync', 'mkdirSync']) {
    const original = fs[name];
    fs[name] = function (path, ...rest) {
      const what = judge(name, path, true);
      if (what === 'fail' || what === 'short') throw failure(name, path);
      const result = original.call(this, path, ...rest);
      behind(what);
      return result;
    };
  }
  syncBuiltinESMExports();
  if (log) process.on('exit', () => appendFileSync(log, calls.map((call) => `${call}\n`).join('')));
  if (process.env.FAULT_SHOW) process.on('exit', () => writeSync(2, `${calls.join('\n')}\n`));
}
