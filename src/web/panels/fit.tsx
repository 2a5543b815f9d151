/** New heads, fitted to the training features. */
import type { TargetedSubmitEvent } from 'preact';
import { FIT_METHODS, type FitMethod, RECIPES } from '../../head/recipes.js';
import { describeMethod } from '../../report/verdict.js';
import { figure, isolate, percent } from '../../report/words.js';
import type { FitResult } from '../engine/protocol.js';
import { Empty } from '../parts/section.js';
import { Status } from '../parts/status.js';
import { headOf } from '../state.js';
import { secondsWords } from '../words.js';
import { configurationOf, fitFields } from './fit-fields.js';
import type { PanelProps } from './panel.js';

export function FitPanel({ state, actions }: PanelProps) {
  const { slots, drafts } = state;
  const slot = slots.fit;
  const method = (drafts.fitMethod ?? 'wb') as FitMethod;
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    actions.fit(configurationOf(method, drafts));
  };
  return (
    <div>
      <h3>Fit a new head</h3>
      {headOf(state)?.onLogits ? (
        <Empty>Only the logits of this model can be changed, so that a new head has no place in it.</Empty>
      ) : !slots.train.value ? (
        <Empty>Heads are fitted to training data: give them under 2.</Empty>
      ) : (
        <form class="form" onSubmit={submit}>
          <label for="fit-method">Method</label>
          <select
            id="fit-method"
            value={method}
            onChange={(event) => actions.draft({ fitMethod: event.currentTarget.value })}
          >
            {FIT_METHODS.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
          <p class="note">
            {sentence(RECIPES[method].summary)} {RECIPES[method].source}.
          </p>
          <div class="fields">
            {fitFields(method).map(({ setting, label, usual }) => (
              <label key={`${method} ${setting}`}>
                {label}
                <input
                  type="number"
                  step="any"
                  class="exact"
                  placeholder={usual === undefined ? '' : `${usual}`}
                  value={drafts[`${method} ${setting}`] ?? ''}
                  onInput={(event) => actions.draft({ [`${method} ${setting}`]: event.currentTarget.value })}
                />
              </label>
            ))}
          </div>
          <div class="buttons">
            <button type="submit" disabled={Boolean(slot.busy)}>
              Fit {method}
            </button>
          </div>
        </form>
      )}
      <Status slot={slot} onCancel={() => actions.cancel('fit')} />
      {state.fits.length > 0 && <Fitted state={state} actions={actions} />}
    </div>
  );
}

function Fitted({ state: { fits, live }, actions }: PanelProps) {
  return (
    <div class="table fitted">
      <table>
        <caption>Fitted heads on validation</caption>
        <thead>
          <tr>
            <th scope="col">head</th>
            <th scope="col">
              <span class="unseen">make</span>
            </th>
            <th scope="col">average</th>
            <th scope="col">many</th>
            <th scope="col">medium</th>
            <th scope="col">few</th>
          </tr>
        </thead>
        <tbody>
          {live.before && (
            <tr>
              <th scope="row">the original</th>
              <td />
              <td>{percent(live.before.average)}</td>
              <td>{percent(live.before.many)}</td>
              <td>{percent(live.before.medium)}</td>
              <td>{percent(live.before.few)}</td>
            </tr>
          )}
          {fits.map((fit) => (
            <FittedRow key={fit.id} fit={fit} onMake={() => actions.makeFitted(fit.id)} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function FittedRow({ fit, onMake }: { readonly fit: FitResult; readonly onMake: () => void }) {
  const { method, validation, seconds, objective, epochs, warning } = fit;
  const loss = epochs.at(-1)?.loss ?? objective;
  return (
    <tr>
      <th scope="row">
        <details class="inline">
          <summary>{method}</summary>
          <span class="more">{isolate(describeMethod(fit))}</span>
        </details>
        <span class="more">
          {loss != null && `loss ${figure(loss)}, `}
          {secondsWords(seconds)}
        </span>
        {warning && <span class="more">{isolate(warning)}</span>}
      </th>
      <td>
        <button
          type="button"
          class="little"
          onClick={onMake}
          aria-label={`Make the model with ${method}, average ${percent(validation?.average)}`}
        >
          Make
        </button>
      </td>
      <td>{percent(validation?.average)}</td>
      <td>{percent(validation?.many)}</td>
      <td>{percent(validation?.medium)}</td>
      <td>{percent(validation?.few)}</td>
    </tr>
  );
}

function sentence(words: string): string {
  return `${words[0].toUpperCase()}${words.slice(1)}.`;
}
