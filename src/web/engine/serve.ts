/** The worker's side of the conversation: requests one after another, cancellation, and failures in words. */
import { TailorError } from '../../array/errors.js';
import type { ErrorFacts, Progress, Reply, Request, Verb, Verbs } from './protocol.js';

/** What a verb is told beside its request. */
export interface CallContext {
  readonly signal: AbortSignal;
  /** Tells the page how far the work is; most reports are dropped, the last of each `what` with done = total is not. */
  progress(progress: Progress): void;
}

/** A function for each verb. */
export type Handlers = {
  readonly [V in Verb]: (request: Verbs[V]['request'], context: CallContext) => Promise<Verbs[V]['result']>;
};

/** What a page is to the worker: the part of the worker's global scope, or of a MessagePort, that is used. */
export interface PagePort {
  postMessage(message: Reply, transfer: Transferable[]): void;
  addEventListener(type: 'message', listener: (event: MessageEvent<Request>) => void): void;
}

/** Milliseconds between two reports of progress: more would be drawn by nobody. */
const REPORT_EVERY = 50;

/** Answers the requests that come through `port`, in their order. */
export function serve(port: PagePort, handlers: Handlers): void {
  const controllers = new Map<number, AbortController>();
  let line: Promise<void> = Promise.resolve();

  port.addEventListener('message', ({ data }) => {
    if ('cancel' in data) {
      controllers.get(data.cancel)?.abort('it was cancelled');
      return;
    }
    const controller = new AbortController();
    controllers.set(data.id, controller);
    line = line.then(async () => {
      const reply = await answer(data, controller.signal);
      port.postMessage(reply, 'result' in reply ? numbersOf(reply.result) : []);
      controllers.delete(data.id);
    });
  });

  async function answer(
    { id, verb, request }: Exclude<Request, { cancel: number }>,
    signal: AbortSignal,
  ): Promise<Reply> {
    try {
      if (signal.aborted) throw new TailorError('ABORTED', `Stopped before ${verb} began.`);
      const handler = handlers[verb] as (
        asked: unknown,
        context: CallContext,
      ) => Promise<Verbs[Verb]['result']>;
      const progress = throttled((report) => port.postMessage({ id, progress: report }, []));
      return { id, result: await handler(request, { signal, progress }) };
    } catch (error) {
      return { id, error: errorFacts(error) };
    }
  }
}

/** Arrays that stand in a result itself are copies made for it (logits, labels): they go over without another one. */
function numbersOf(result: Verbs[Verb]['result']): Transferable[] {
  if (typeof result !== 'object' || result === null) return [];
  return Object.values(result).flatMap((value) =>
    ArrayBuffer.isView(value) ? [value.buffer as ArrayBuffer] : [],
  );
}

function throttled(report: (progress: Progress) => void): (progress: Progress) => void {
  let last = -Infinity;
  let what = '';
  return (progress) => {
    const now = performance.now();
    const worth = progress.what !== what || progress.done >= progress.total;
    if (!worth && now - last < REPORT_EVERY) return;
    last = now;
    what = progress.what;
    report(progress);
  };
}

/** A failure as data; what is no TailorError should not have happened, and says so. */
export function errorFacts(error: unknown): ErrorFacts {
  if (error instanceof TailorError) return { code: error.code, message: error.message };
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof RangeError && /array buffer|allocation|invalid.*length/i.test(message)) {
    return {
      code: 'LIMIT_EXCEEDED',
      message: `This needs more memory than the browser gives a page (${message}). Use fewer samples, or the command line.`,
    };
  }
  return { code: 'INTERNAL', message: `Something went wrong that should not: ${message}. Please report it.` };
}
