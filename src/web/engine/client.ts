/** The page's side of the worker: a promise per request, with progress and cancellation. */
import type { ErrorCode } from '../../array/errors.js';
import type { ErrorFacts, Progress, Reply, Request, Verb, Verbs } from './protocol.js';

/** A failure that the worker tells of. `code` ABORTED: somebody cancelled, and nobody needs to be told. */
export class EngineError extends Error {
  readonly code: ErrorCode | 'INTERNAL';

  constructor({ code, message }: ErrorFacts) {
    super(message);
    this.name = 'EngineError';
    this.code = code;
  }
}

/** What goes with every request. */
export interface CallOptions {
  /** Stops the work; the promise rejects with code ABORTED once it has stopped. */
  readonly signal?: AbortSignal;
  /** Called in the order of the worker's reports, at most some twenty times a second. */
  readonly onProgress?: (progress: Progress) => void;
}

/** What a worker is to the client: the part of `Worker` that is used. */
export interface Port {
  postMessage(message: Request): void;
  addEventListener(type: 'message', listener: (event: MessageEvent<Reply>) => void): void;
  addEventListener(
    type: 'error' | 'messageerror',
    listener: (event: Event & { message?: string }) => void,
  ): void;
}

/** The worker, as functions. */
export interface Engine {
  /** Asks for a verb. Rejects with EngineError. */
  call<V extends Verb>(
    verb: V,
    request: Verbs[V]['request'],
    options?: CallOptions,
  ): Promise<Verbs[V]['result']>;
  /** Requests that are not answered yet. */
  readonly pending: number;
}

/** A new worker with the engine in it. */
export function startEngine(): Engine {
  return connect(
    new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'onnx-tailor' }),
  );
}

interface Waiting {
  resolve(result: never): void;
  reject(error: EngineError): void;
  onProgress?: (progress: Progress) => void;
  finish(): void;
}

/** The engine behind a port. When the worker dies, every request fails, those to come included. */
export function connect(port: Port): Engine {
  const waiting = new Map<number, Waiting>();
  let dead: EngineError | undefined;
  let last = 0;

  port.addEventListener('message', ({ data: reply }) => {
    const call = waiting.get(reply.id);
    if (!call) return;
    if ('progress' in reply) return call.onProgress?.(reply.progress);
    waiting.delete(reply.id);
    call.finish();
    if ('error' in reply) call.reject(new EngineError(reply.error));
    else call.resolve(reply.result as never);
  });
  const die = (message: string) => {
    dead = new EngineError({ code: 'INTERNAL', message });
    for (const call of waiting.values()) {
      call.finish();
      call.reject(dead);
    }
    waiting.clear();
  };
  port.addEventListener('error', ({ message = '' }) =>
    die(`The page's worker has stopped${message ? ` (${message})` : ''}. Reload the page.`),
  );
  port.addEventListener('messageerror', () =>
    die("The page's worker sent what cannot be read. Reload the page."),
  );

  return {
    get pending() {
      return waiting.size;
    },
    call(verb, request, { signal, onProgress } = {}) {
      return new Promise((resolve, reject) => {
        if (dead) return reject(dead);
        if (signal?.aborted) return reject(aborted(verb));
        last += 1;
        const id = last;
        const cancel = () => port.postMessage({ cancel: id });
        signal?.addEventListener('abort', cancel, { once: true });
        const finish = () => signal?.removeEventListener('abort', cancel);
        waiting.set(id, { resolve, reject, onProgress, finish });
        port.postMessage({ id, verb, request } as Request);
      });
    },
  };
}

function aborted(verb: Verb): EngineError {
  return new EngineError({ code: 'ABORTED', message: `Stopped before ${verb} began.` });
}
