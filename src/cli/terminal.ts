/**
 * Where a command's words go. People read stderr (text, progress, warnings) and stdout (the result); programs ask for
 * --json and then stdout holds exactly one JSON document, on failure as well.
 */
import { platform } from '#platform';
import { throwIfAborted } from '../array/errors.js';
import { escapeUnprintable } from '../array/text.js';
import type { Progress } from '../features/progress.js';
import type { FitProgress } from '../head/fit-options.js';
import { progressPrinter } from './progress.js';

/** The two streams of a process; tests pass their own. */
export interface Streams {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean; readonly columns?: number };
}

export class Terminal {
  readonly #streams: Streams;
  /** Print one JSON document instead of text. */
  json = false;
  /** Show stack traces. */
  debug = false;
  /** Fires when the user presses Ctrl-C. */
  readonly signal: AbortSignal;

  constructor(streams: Streams, signal: AbortSignal) {
    this.#streams = streams;
    this.signal = signal;
  }

  /** The result of the command: `text` for people, `document` for programs. Called once per run. */
  finish(document: object, text: string): void {
    this.#streams.stdout.write(this.json ? `${toJson(document)}\n` : `${plain(text)}\n`);
  }

  /** A remark for people: never on stdout. */
  note(text: string): void {
    this.#remark(text);
  }

  /** A printer of progress: a bar on a terminal, a quiet line now and then elsewhere. */
  progress(what: string, unit = 'samples'): (event: Progress) => void {
    return progressPrinter(what, this.#streams.stderr, { unit });
  }

  /** The same for the epochs of a fit. */
  progressOfEpochs(): (event: FitProgress) => void {
    const print = progressPrinter('Fitting', this.#streams.stderr, { unit: 'epochs or steps' });
    const began = platform.seconds();
    return ({ epoch, epochs }) => {
      const seconds = platform.seconds() - began;
      const samplesPerSecond = epoch / seconds;
      print({
        done: epoch,
        total: epochs,
        seconds,
        samplesPerSecond,
        secondsLeft: (epochs - epoch) / samplesPerSecond,
      });
    };
  }

  /** Before something is written: ABORTED where the user has asked to stop in the meantime. */
  checkpoint(doing: string): void {
    throwIfAborted(this.signal, doing);
  }

  /** A failure; the document makes it readable for programs that asked for JSON. */
  fail(error: { code: string; message: string; stack?: string }): void {
    this.#remark(`onnx-tailor: ${error.message}`);
    if (this.debug && error.stack) this.#remark(error.stack);
    if (this.json)
      this.#streams.stdout.write(`${toJson({ error: { code: error.code, message: error.message } })}\n`);
  }

  #remark(text: string): void {
    const { stderr } = this.#streams;
    // A progress bar that was interrupted stands on the line.
    stderr.write(`${stderr.isTTY ? '\r\x1b[2K' : ''}${plain(text)}\n`);
  }
}

/** Names from files are in it: what is no plain character does nothing to the terminal but show itself. */
export function plain(text: string): string {
  return escapeUnprintable(text, '\n\t');
}

/** JSON escapes control characters up to U+001F by itself; a terminal obeys others, too. */
const OBEYED = /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** JSON of a result: typed arrays as arrays, numbers that JSON cannot say (NaN, infinity) as null. */
function toJson(document: object): string {
  const json = JSON.stringify(
    document,
    (_, value: unknown) => {
      if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return Array.from(value as Float64Array);
      if (value instanceof Map) return Object.fromEntries(value);
      if (typeof value === 'bigint') return Number(value);
      return value;
    },
    2,
  );
  return json.replace(OBEYED, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
