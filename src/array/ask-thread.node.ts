/** Questions to a worker thread, and its answers. */
import { Worker, type WorkerOptions } from 'node:worker_threads';
import { type ErrorCode, TailorError } from './errors.js';
import { firstLine } from './text.js';

/** What a thread is sent: questions, and in the end that no more will come. It closes its port then. */
export type ToThread<Question> =
  | { readonly kind: 'question'; readonly id: number; readonly question: Question }
  | { readonly kind: 'end' };

/** What it sends back, for every question. A failure with a code becomes a TailorError. */
export type FromThread<Answer> =
  | { readonly id: number; readonly answer: Answer }
  | { readonly id: number; readonly failure: { readonly message: string; readonly code?: ErrorCode } };

/** A thread that waits for questions. It keeps the process alive only while it is asked or ended. */
export interface AskedThread<Question, Answer> {
  /** Questions without an answer. */
  readonly asked: number;
  /**
   * Rejects with the failure that the thread names, with `died` where it ended meanwhile, and with `ended` after `end`.
   * @param given memory that is handed over with the question.
   */
  ask(question: Question, given?: readonly ArrayBuffer[]): Promise<Answer>;
  /** Resolves when the thread is gone. What it does with questions that wait is its own business. */
  end(): Promise<void>;
}

/** How a thread is started, and what its end is called. */
export interface ThreadOptions extends Pick<WorkerOptions, 'workerData'> {
  /** The error of questions whose thread ended by itself. `how`: an error's first line, or the exit code. */
  died(how: string, cause?: unknown): TailorError;
  /** The error of questions that are asked, or still wait, when the thread has been ended. */
  ended(): TailorError;
  /** Called once, when the thread is gone. */
  onExit?(): void;
}

/** Starts a thread from a JavaScript file. */
export function startThread<Question, Answer>(
  file: URL,
  { workerData, died, ended, onExit }: ThreadOptions,
): AskedThread<Question, Answer> {
  // Options of the process's own command line (--input-type, --eval) mean nothing to it.
  const worker = new Worker(file, { workerData, execArgv: [] });
  worker.unref();
  const waiting = new Map<number, { resolve(answer: Answer): void; reject(error: unknown): void }>();
  let death: TailorError | undefined;
  const die = (error: TailorError) => {
    death ??= error;
    for (const { reject } of waiting.values()) reject(death);
    waiting.clear();
  };
  const gone = new Promise<void>((resolve) => {
    worker.once('exit', (code) => {
      die(died(`exit code ${code}`));
      onExit?.();
      resolve();
    });
  });
  worker.on('error', (error) => die(died(firstLine(error), error)));
  worker.on('messageerror', (error) => die(died(firstLine(error), error)));
  worker.on('message', (reply: FromThread<Answer>) => {
    const asked = waiting.get(reply.id);
    waiting.delete(reply.id);
    // While it ends, its end is awaited.
    if (waiting.size === 0 && !death) worker.unref();
    if ('answer' in reply) asked?.resolve(reply.answer);
    else asked?.reject(errorOf(reply.failure));
  });
  const post = (message: ToThread<Question>, given: readonly ArrayBuffer[] = []) =>
    worker.postMessage(message, given);

  let id = 0;
  let ending = false;
  return {
    get asked() {
      return waiting.size;
    },
    ask: (question, given) =>
      new Promise((resolve, reject) => {
        if (death) throw death;
        id++;
        post({ kind: 'question', id, question }, given);
        waiting.set(id, { resolve, reject });
        worker.ref();
      }),
    end() {
      death ??= ended();
      worker.ref();
      if (!ending) post({ kind: 'end' });
      ending = true;
      return gone;
    },
  };
}

function errorOf({ code, message }: { readonly message: string; readonly code?: ErrorCode }): Error {
  return code ? new TailorError(code, message) : new Error(message);
}

/** What a thread sends of an error. */
export function failureOf(error: unknown): { message: string; code?: ErrorCode } {
  if (error instanceof TailorError) return { message: error.message, code: error.code };
  return { message: error instanceof Error ? error.message : String(error) };
}
