/** The class frequencies that the model is made for. */
import type { TargetedSubmitEvent } from 'preact';
import { parsePrior } from '../../data/read-counts.js';
import { parseNumbers } from '../files/parse-numbers.js';
import { Slider } from '../parts/slider.js';
import { classNamesOf, type Sliders } from '../state.js';
import type { PanelProps } from './panel.js';

export function PriorForm({ state, actions }: PanelProps) {
  const { sliders, slots, drafts } = state;
  const { priorExponent, ownPrior } = sliders;
  const classCount = slots.counts.value?.counts.length ?? 0;
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    try {
      const shares = parseNumbers(drafts.prior ?? '');
      const ownPrior = parsePrior(shares, 'what was typed', { classCount, classes: classNamesOf(state) });
      actions.draft({ priorProblem: '' });
      actions.move({ ownPrior });
    } catch (error) {
      actions.draft({ priorProblem: (error as Error).message });
    }
  };
  return (
    <>
      <Slider
        id="prior"
        label="Made for"
        name="target frequencies"
        value={ownPrior ? 0 : priorExponent}
        min={0}
        max={1}
        step={0.05}
        ends={['every class as often', 'as in training']}
        words={wordsOf(sliders)}
        meaning={wordsOf(sliders)}
        onValue={(exponent) => actions.move({ priorExponent: exponent, ownPrior: undefined })}
      />
      {ownPrior && (
        <p class="note">
          Your own frequencies are used.{' '}
          <button type="button" class="little" onClick={() => actions.move({ ownPrior: undefined })}>
            Use the slider
          </button>
        </p>
      )}
      <details>
        <summary>Type how often each class comes</summary>
        <form class="form" onSubmit={submit}>
          <label for="own-prior">One number above 0 per class in class order, or JSON; any sum</label>
          <textarea
            id="own-prior"
            rows={3}
            spellcheck={false}
            value={drafts.prior ?? ''}
            aria-describedby={drafts.priorProblem ? 'prior-problem' : undefined}
            onInput={(event) => actions.draft({ prior: event.currentTarget.value, priorProblem: '' })}
          />
          {drafts.priorProblem && (
            <p id="prior-problem" class="trouble" role="alert">
              {drafts.priorProblem}
            </p>
          )}
          <div class="buttons">
            <button type="submit" class="little">
              Use these frequencies
            </button>
          </div>
        </form>
      </details>
    </>
  );
}

function wordsOf({ priorExponent, ownPrior }: Sliders): string {
  if (ownPrior) return 'your own frequencies';
  if (priorExponent === 0) return 'every class as often';
  return priorExponent === 1 ? 'as in training' : `between, ${Math.round(priorExponent * 100)}\u00a0%`;
}
