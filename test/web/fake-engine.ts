/** An engine that answers as it is told, and remembers what it was asked. */
import { type CallOptions, type Engine, EngineError } from '../../src/web/engine/client.js';
import type { Verb, Verbs } from '../../src/web/engine/protocol.js';

/** Answers by verb; what is not there is never answered. */
export type Answers = {
  [V in Verb]?: (request: Verbs[V]['request'], options: CallOptions) => unknown;
};

export interface FakeEngine extends Engine {
  /** Verbs in the order in which they were asked for. */
  readonly asked: Verb[];
  readonly requests: unknown[];
}

export function fakeEngine(answers: Answers): FakeEngine {
  const asked: Verb[] = [];
  const requests: unknown[] = [];
  return {
    asked,
    requests,
    pending: 0,
    call(verb, request, options = {}) {
      asked.push(verb);
      requests.push(request);
      return new Promise((resolve, reject) => {
        options.signal?.addEventListener('abort', () =>
          reject(new EngineError({ code: 'ABORTED', message: 'Stopped.' })),
        );
        const answer = answers[verb] as ((request: unknown, options: CallOptions) => unknown) | undefined;
        if (!answer) return;
        Promise.resolve()
          .then(() => answer(request, options))
          .then((result) => resolve(result as never), reject);
      });
    },
  };
}
