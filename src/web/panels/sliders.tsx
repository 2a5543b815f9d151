/** Method, parameter, temperature, target prior. */
import type { MultiplicativeConvention } from '../../head/adjust.js';
import { Radios } from '../parts/radios.js';
import { Slider } from '../parts/slider.js';
import { Status } from '../parts/status.js';
import { headOf } from '../state.js';
import { METHOD_FACTS, SLIDER_METHODS } from './methods.js';
import type { PanelProps } from './panel.js';
import { PriorForm } from './prior.js';

const CONVENTION_WORDS: Readonly<Record<MultiplicativeConvention, string>> = {
  'published-code': 'as the published code: weights and bias as they are',
  paper: 'as the paper: weights of length 1 first, bias kept',
};

export function SlidersForm({ state, actions }: PanelProps) {
  const { sliders, slots } = state;
  const { method, parameters, convention, temperature } = sliders;
  const onLogits = headOf(state)?.onLogits ?? false;
  const facts = METHOD_FACTS[method];
  const value = parameters[method];
  const setParameter = (parameter: number) =>
    actions.move({ parameters: { ...parameters, [method]: parameter } });
  return (
    <div class="sliders">
      <fieldset class="segments">
        <legend>Method</legend>
        <div>
          <Radios
            name="method"
            values={SLIDER_METHODS}
            chosen={method}
            disabled={(one) => one === 'tau-norm' && onLogits}
            onChoose={(one) => actions.move({ method: one })}
          >
            {(one) => METHOD_FACTS[one].title}
          </Radios>
        </div>
      </fieldset>
      <p class="note">{facts.summary}</p>
      {onLogits && (
        <p class="note">
          Only the logits of this model can be changed: τ-norm and the paper’s convention need weights.
        </p>
      )}
      {method === 'multiplicative' && (
        <fieldset class="choices">
          <legend>Convention</legend>
          <Radios
            name="convention"
            values={['published-code', 'paper']}
            chosen={convention}
            disabled={(one) => one === 'paper' && onLogits}
            onChoose={(one) => actions.move({ convention: one })}
          >
            {(one) => CONVENTION_WORDS[one]}
          </Radios>
        </fieldset>
      )}
      <Slider
        id="parameter"
        label={<b>{facts.symbol}</b>}
        name={facts.spoken}
        value={value}
        min={0}
        max={2}
        step={0.05}
        ends={facts.ends}
        meaning={facts.meaning(value)}
        onValue={setParameter}
      />
      <Slider
        id="temperature"
        label="Temperature T"
        name="temperature"
        value={temperature}
        min={0.1}
        max={10}
        step={0.01}
        log
        above={0}
        ends={['0.1, surer', '10, less sure']}
        onValue={(one) => actions.move({ temperature: one })}
      />
      <div class="buttons">
        <button
          type="button"
          class="little"
          onClick={() => actions.fitTemperature()}
          disabled={Boolean(slots.temperature.busy)}
        >
          Fit T
        </button>
        <span class="muted">Changes no answer, only how sure the model is of it.</span>
      </div>
      <Status slot={slots.temperature} onCancel={() => actions.cancel('temperature')} />
      <PriorForm state={state} actions={actions} />
    </div>
  );
}
