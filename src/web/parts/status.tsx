/** Busy and failed, looking the same in every panel. */
import { countOf, figure, shortNumber } from '../../report/words.js';
import type { Progress } from '../engine/protocol.js';
import type { Busy, Problem, Slot } from '../state.js';

export interface StatusProps {
  readonly slot: Slot<unknown>;
  readonly onCancel?: () => void;
}

/** What is going on in a slot, and what went wrong. */
export function Status({ slot: { busy, problem }, onCancel }: StatusProps) {
  return (
    <>
      {busy && <BusyLine busy={busy} onCancel={onCancel} />}
      {problem && <ProblemNote problem={problem} />}
    </>
  );
}

/** A bar, words, and a way to stop it. */
export function BusyLine({ busy: { what, progress }, onCancel }: { busy: Busy; onCancel?: () => void }) {
  const known = progress && progress.total > 0;
  return (
    <div class="busy">
      <div class="busy-words">
        <span>{what} …</span>
        {progress && <span class="muted">{progressWords(progress)}</span>}
        {onCancel && (
          <button type="button" class="little" onClick={onCancel} aria-label={`Cancel: ${what}`}>
            Cancel
          </button>
        )}
      </div>
      {known ? (
        <progress aria-label={what} max={progress.total} value={Math.min(progress.done, progress.total)} />
      ) : (
        <progress aria-label={what} />
      )}
    </div>
  );
}

/** '120 of 200 samples, loss 0.31, 3 s left'. */
export function progressWords({ done, total, what, secondsLeft, loss }: Progress): string {
  const amount = total > 0 ? `${figure(Math.floor(done))} of ${figure(total)} ${what}` : what;
  const left =
    secondsLeft !== undefined && secondsLeft >= 1 && `${countOf(Math.ceil(secondsLeft), 'second')} left`;
  return [amount, loss !== undefined && `loss ${shortNumber(loss)}`, left].filter(Boolean).join(', ');
}

/** What could not be done, why, and what to do. Read out as soon as it appears. */
export function ProblemNote({ problem: { message, hint, code } }: { readonly problem: Problem }) {
  return (
    <div class="trouble" role="alert" data-code={code}>
      <p>
        <strong>{code === 'INTERNAL' ? 'This should not have happened.' : 'That did not work.'}</strong>{' '}
        <span>{message}</span>
      </p>
      {hint && <p class="hint">{hint}</p>}
    </div>
  );
}
