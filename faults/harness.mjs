/** Runs a case with a fault and says what has become of its folder. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { prepare } from './cases.mjs';

const main = resolve(import.meta.dirname, '../dist/cli/launch.cjs');
const preload = resolve(import.meta.dirname, 'preload.cjs');

/** What only a run in progress, or one that was killed, leaves. */
const TEMPORARY = /(^|\/)\.[^/]+\.([0-9a-f]{12}\.tmp|lock)$/;
const SIDE_FILE = /\.head-[0-9a-f]{12}\.data$/;

/** sha256 of every file under a folder, by its path from there. */
export function snapshot(folder) {
  const found = new Map();
  const look = (path) => {
    for (const name of readdirSync(join(folder, path))) {
      const at = path === '' ? name : `${path}/${name}`;
      const full = join(folder, at);
      if (statSync(full).isDirectory()) look(at);
      else found.set(at, createHash('sha256').update(readFileSync(full)).digest('hex'));
    }
  };
  look('');
  return found;
}

/**
 * One run of the command line.
 * @param {string[]} args
 * @param {string} cwd
 * @param {{ fault?: object, prefix?: string[], onStart?: (child: import('node:child_process').ChildProcess) => void, uid?: number }} [options]
 * @returns {Promise<{ code: number | null, signal: string | null, stdout: string, stderr: string, seconds: number }>}
 */
export function runCommand(args, cwd, { fault, prefix = [], onStart, uid } = {}) {
  const hook = fault ? ['--require', preload] : [];
  const [program, ...rest] = [...prefix, process.execPath, ...hook, main, ...args];
  const began = performance.now();
  return new Promise((done, fail) => {
    const env = { ...process.env, ...(fault && { FAULT: JSON.stringify({ root: cwd, ...fault }) }) };
    const child = spawn(program, rest, {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(uid && { uid, gid: uid }),
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (data) => (stdout += data));
    child.stderr.on('data', (data) => (stderr += data));
    // A run that hangs is a fault of its own.
    const hang = setTimeout(() => child.kill('SIGKILL'), 60_000);
    child.on('error', fail);
    child.on('close', (code, signal) => {
      clearTimeout(hang);
      done({ code, signal, stdout, stderr, seconds: (performance.now() - began) / 1000 });
    });
    onStart?.(child);
  });
}

/** A case with what its folder is before and after a run that nothing disturbs. */
export class Bench {
  /** @param {import('./cases.mjs').Case} one */
  constructor(one, root = tmpdir()) {
    this.one = one;
    this.home = mkdtempSync(join(root, 'onnx-tailor-faults-'));
    this.origin = join(this.home, 'origin');
    prepare(this.origin, one);
    this.before = snapshot(this.origin);
    this.after = new Map();
    this.runs = 0;
  }

  /** A folder as it is before a run. */
  fresh() {
    const folder = join(this.home, `run-${this.runs++}`);
    // A store remembers when its data was last changed.
    cpSync(this.origin, folder, { recursive: true, preserveTimestamps: true });
    return folder;
  }

  /** The run that nothing disturbs, once: its files are what every other one is compared with. Returns its seconds. */
  async undisturbed() {
    const folder = this.fresh();
    const { code, stderr, seconds } = await runCommand(this.one.args, folder);
    if (code !== 0) throw new Error(`${this.one.name} fails without a fault: ${stderr}`);
    this.after = snapshot(folder);
    rmSync(folder, { recursive: true });
    return seconds;
  }

  /** The calls of a run that nothing disturbs. @param {'writes' | 'all'} of @returns {Promise<string[]>} */
  async calls(of) {
    const folder = this.fresh();
    const log = join(this.home, 'calls');
    await runCommand(this.one.args, folder, { fault: { of, log } });
    const calls = readFileSync(log, 'utf8').trimEnd().split('\n');
    rmSync(log);
    rmSync(folder, { recursive: true });
    return calls;
  }

  /**
   * Runs with `options`, looks at the folder, runs again undisturbed and looks once more.
   * @returns {Promise<{ state: string, lost: string[], code: number | null, signal: string | null, stderr: string }>} `lost` says in
   * words what should not be; empty where all is well.
   */
  async survive(options, { folder = this.fresh(), again = true } = {}) {
    const run = await runCommand(this.one.args, folder, options);
    const { state, lost } = this.look(folder);
    lost.push(...wordsOf(run));
    if (run.code === 0 && state !== 'new') lost.push(`exit code 0, but the target is ${state}`);
    if (
      run.code === 1 &&
      [...snapshot(folder).keys()].some((name) => TEMPORARY.test(name)) &&
      !options.fault?.sticky
    )
      lost.push('temporary files after an error');
    if (again) lost.push(...(await this.recover(folder, state)));
    rmSync(folder, { recursive: true, force: true });
    const { code, signal, stderr } = run;
    return { state, lost, code, signal, stderr };
  }

  /**
   * The next run does what the first one should have done, and clears up behind it. One that changes a model in its place has another
   * to begin with where the first one was done: what it makes then says so, and is another file.
   */
  async recover(folder, state = 'old') {
    const force = this.one.store || this.one.args.includes('--force') ? [] : ['--force'];
    const { code, stderr } = await runCommand([...this.one.args, ...force], folder);
    if (code !== 0) return [`the next run fails: ${stderr}`];
    const found = snapshot(folder);
    const lost = [];
    const another = (name) => this.one.inPlace && state === 'new' && name === this.one.inPlace;
    for (const name of new Set([...found.keys(), ...this.after.keys()])) {
      if (found.get(name) !== this.after.get(name) && !(another(name) && found.has(name)))
        lost.push(`after the next run ${name} is not as it should be`);
    }
    return lost;
  }

  /** Old, new, unfinished (a store), and what is neither. */
  look(folder) {
    const { one, before, after } = this;
    const found = snapshot(folder);
    const lost = [];
    let state = one.store ? this.#storeState(folder, found) : 'old';
    for (const name of new Set([...found.keys(), ...before.keys()])) {
      const sha256 = found.get(name);
      if (TEMPORARY.test(name) || (one.store && name.startsWith(`${one.store}/`))) continue;
      if (one.targets.includes(name)) {
        if (sha256 === after.get(name) && sha256 !== before.get(name)) state = 'new';
        else if (sha256 !== before.get(name)) lost.push(`${name} is neither old nor new`);
      } else if (SIDE_FILE.test(name)) {
        if (sha256 !== after.get(name)) lost.push(`${name} is not complete`);
      } else if (sha256 !== before.get(name)) lost.push(`${name} was changed`);
    }
    if (state === 'new' && one.needs && found.get(one.needs) === after.get(one.needs)) {
      for (const [name, sha256] of after) {
        if (found.get(name) !== sha256) lost.push(`${one.needs} is new, but ${name} is not`);
      }
    }
    return { state, lost };
  }

  #storeState(folder, found) {
    const { store } = this.one;
    const manifest = [...found.keys()].find((name) => name.startsWith(`${store}/manifest`));
    if (!manifest) return 'old';
    const { complete, shards } = JSON.parse(readFileSync(join(folder, manifest), 'utf8'));
    for (const { file, sha256 } of shards) {
      if (found.get(`${store}/${file}`) !== sha256) return `a manifest that lists ${file}, which is another`;
    }
    return complete ? 'new' : 'unfinished';
  }

  close() {
    rmSync(this.home, { recursive: true, force: true });
    return !existsSync(this.home);
  }
}

/** What is wrong with how a run ended. */
function wordsOf({ code, signal, stderr }) {
  const wrong = [];
  if (/\n\s+at /.test(stderr)) wrong.push(`a stack trace: ${stderr}`);
  if (/did not foresee/.test(stderr)) wrong.push(`an error that was not foreseen: ${stderr}`);
  if (signal === null && ![0, 1, 130, 143].includes(code ?? -1)) wrong.push(`exit code ${code}: ${stderr}`);
  if (signal === null && code !== 0 && !/(^|\n)onnx-tailor: .+\.\n$/.test(stderr))
    wrong.push(`no word of what happened: ${JSON.stringify(stderr)}`);
  return wrong;
}
