// A child that cases run in, watched from outside: how long it takes, how much memory it takes, whether it lives.
import { fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const WORKER = fileURLToPath(new URL('./worker.mjs', import.meta.url));

/** A case that takes longer has hung, in milliseconds. */
export const HANG = 5000;
/** The second time, what waits for nothing has this long. */
const PATIENCE = 30_000;
/** Memory that a case may take above what the child had before, in MiB. */
export const MEMORY = 1024;
/** A child's rest (garbage, arenas of onnxruntime) that a new child is better than, in MiB. */
const STALE = 700;

/** Resident memory now and at its peak since `forgetPeak`, in MiB; undefined where the system does not tell. */
function memoryOf(pid) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const kib = (name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0);
    return { now: kib('VmRSS') / 1024, peak: kib('VmHWM') / 1024 };
  } catch {
    return undefined;
  }
}

/** Seconds that the process has computed for; undefined where the system does not tell. */
function processorTime(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
    // In hundredths, as Linux tells programs everywhere.
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return undefined;
  }
}

function forgetPeak(pid) {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
  } catch {
    // The system keeps the peak of all time: the child's first.
  }
}

/** Runs cases one after the other; starts a new child where the last one died, hung or grew stale. */
export class Child {
  #process;
  #stderr = '';
  #home = mkdtempSync(join(tmpdir(), 'onnx-tailor-fuzz-'));

  async #start() {
    this.#stderr = '';
    this.#process = fork(WORKER, [this.#home], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      serialization: 'advanced',
    });
    this.#process.stderr.on('data', (text) => {
      this.#stderr = (this.#stderr + text).slice(-4000);
    });
    await new Promise((ready, failed) => {
      this.#process.once('message', ready);
      this.#process.once('exit', (code) =>
        failed(new Error(`the child does not start (${code}): ${this.#stderr}`)),
      );
    });
    this.#process.removeAllListeners('exit');
  }

  /**
   * Asks for one case. One that had no answer in time is tried once more in a new child and judged by the processor's time
   * then: where machines are busy, everything takes long.
   * @returns {Promise<{ outcome: 'accepted' | 'refused' | 'failed', detail?: string, fault?: string, seconds: number, mebibytes?: number, slow?: boolean }>}
   */
  async ask(question) {
    const answer = await this.#once(question);
    if (!answer.hung) return answer;
    const again = await this.#once(question, PATIENCE);
    return { ...again, slow: true };
  }

  async #once(question, patience = HANG) {
    if (this.#process?.exitCode !== null || this.#process.signalCode !== null) await this.#start();
    const { pid } = this.#process;
    const before = memoryOf(pid);
    forgetPeak(pid);
    const busy = processorTime(pid);
    const began = performance.now();
    const answer = await new Promise((done) => {
      let over = false;
      const end = (result) => {
        if (over) return;
        over = true;
        clearTimeout(timer);
        clearInterval(look);
        this.#process.removeAllListeners('message');
        this.#process.removeAllListeners('exit');
        done(result);
      };
      const hang = (what) => end({ outcome: 'failed', fault: `no answer after ${what}`, hung: true });
      const timer = setTimeout(() => hang(`${patience / 1000} s`), patience);
      const look = setInterval(() => {
        const used = busy === undefined ? 0 : processorTime(pid) - busy;
        if (patience > HANG && used > HANG / 1000) hang(`${HANG / 1000} s of the processor's time`);
        const now = memoryOf(pid)?.now;
        if (before && now > before.now + 2 * MEMORY)
          end({ outcome: 'failed', fault: `memory passed ${2 * MEMORY} MiB`, dead: true });
      }, 50);
      this.#process.once('message', end);
      this.#process.once('exit', (code, signal) => {
        end({
          outcome: 'failed',
          fault: `the process ended (${signal ?? code}): ${this.#stderr}`,
          dead: true,
        });
      });
      this.#process.send(question);
    });
    const after = memoryOf(pid);
    const mebibytes = before && after ? after.peak - before.now : undefined;
    const seconds = (performance.now() - began) / 1000;
    if (answer.outcome !== 'failed' && mebibytes > MEMORY) {
      answer.outcome = 'failed';
      answer.fault = `took ${Math.round(mebibytes)} MiB`;
    }
    if (answer.outcome === 'failed' || after === undefined || after.now > STALE) await this.stop();
    return { ...answer, seconds, mebibytes };
  }

  /** Ends the child for good. */
  async close() {
    await this.stop();
    rmSync(this.#home, { recursive: true, force: true });
  }

  /** Ends the process; the next case starts another. */
  async stop() {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }
}
