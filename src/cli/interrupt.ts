/** SIGINT (Ctrl-C) and SIGTERM: the first ends the work in order, the second at once. */
import { clearUp } from '../array/file-lock.node.js';
import { stopStdin } from './stdin.js';

/** Signals that ask a command to end, and the exit code that shells know them by: 128 + their number. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;
type Signal = keyof typeof EXIT_CODES;
const SIGNALS = Object.keys(EXIT_CODES) as Signal[];

/** Milliseconds that work has to stop by itself: some steps look at no signal, and one batch of a large model takes its time. */
const GRACE_MS = 5_000;

/** A command's ear for signals. */
export interface Interruption {
  /** Fires with the first signal. */
  readonly signal: AbortSignal;
  /** The exit code of that signal; undefined where none came. */
  readonly exitCode: number | undefined;
  /** Leaves signals to whom they were before. */
  done(): void;
}

/**
 * Listens. Where the work goes on for longer than its grace, or something keeps the process alive, files that were begun are removed
 * and the process ends by the signal, which is what its parent then sees; `say` comes before that.
 */
export function listen(say: () => void): Interruption {
  const abort = new AbortController();
  let exitCode: number | undefined;
  let stopped = false;
  const onSignal = (signal: Signal) => {
    // A second one finds the default handler again.
    done();
    exitCode = EXIT_CODES[signal];
    abort.abort('interrupted');
    stopStdin();
    const end = () => {
      if (!stopped) say();
      clearUp();
      process.kill(process.pid, signal);
    };
    setTimeout(end, GRACE_MS).unref();
  };
  const done = () => {
    for (const signal of SIGNALS) process.removeListener(signal, onSignal);
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return {
    signal: abort.signal,
    get exitCode() {
      return exitCode;
    },
    done() {
      stopped = true;
      done();
    },
  };
}
