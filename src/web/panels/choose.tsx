/** 5: the choice by cross-validation, and heads fitted to the training features. */

import { useMemo } from 'preact/hooks';
import type { Choice } from '../../head/selection.js';
import type { Table } from '../../report/table.js';
import { describeMethod } from '../../report/verdict.js';
import { countOf, figure, isolate, percent, points, range, shortNumber } from '../../report/words.js';
import type { SelectionFacts } from '../engine/protocol.js';
import { Checkbox } from '../parts/checkbox.js';
import { ReportTable } from '../parts/markup.js';
import { Missing, Section } from '../parts/section.js';
import { Status } from '../parts/status.js';
import { lacksOf, type SearchOutcome, type SearchSettings } from '../state.js';
import { FitPanel } from './fit.js';
import { SLIDER_METHODS } from './methods.js';
import type { PanelProps } from './panel.js';

export function ChoosePanel({ state, actions }: PanelProps) {
  const { slots } = state;
  const lacks = lacksOf(state);
  return (
    <Section
      id="choose"
      number={5}
      title="Or let it be chosen"
      lead="All methods and parameters are tried on validation by cross-validation; the gain is measured on samples that the choice has not seen."
      busy={Boolean(slots.search.busy || slots.fit.busy)}
    >
      {lacks.length > 0 ? (
        <Missing what="The choice needs" lacks={lacks} />
      ) : (
        <div class="columns">
          <Search state={state} actions={actions} />
          <FitPanel state={state} actions={actions} />
        </div>
      )}
    </Section>
  );
}

function Search({ state, actions }: PanelProps) {
  const { slots, search } = state;
  const slot = slots.search;
  const tick = (name: keyof SearchSettings, words: string, disabled = false) => (
    <Checkbox
      checked={search[name] && !disabled}
      disabled={disabled}
      onChange={(checked) => actions.setSearch({ [name]: checked })}
    >
      {words}
    </Checkbox>
  );
  return (
    <div>
      <h3>Choose for me</h3>
      {tick('cautious', 'Keep the original head unless the gain is beyond noise')}
      {tick('fitTemperature', 'Fit a temperature too, for honest probabilities')}
      {tick('fitted', 'Let fitted heads compete (needs training data)', !slots.train.value)}
      <div class="buttons">
        <button type="button" class="primary" disabled={Boolean(slot.busy)} onClick={() => actions.search()}>
          Choose for me
        </button>
      </div>
      <Status slot={slot} onCancel={() => actions.cancel('search')} />
      {slot.value && <Outcome outcome={slot.value} onForce={() => actions.search({ cautious: false })} />}
    </div>
  );
}

function Outcome({ outcome: { made, selection }, onForce }: { outcome: SearchOutcome; onForce: () => void }) {
  const { kept, improvement, method } = made;
  const table = useMemo(() => tableOf(selection), [selection]);
  const gain = `${points(improvement.average)} points (95 % interval ${range(improvement.interval, points)})`;
  return (
    <div class="outcome">
      {kept ? (
        <>
          <p>
            <strong>The original head was kept.</strong> The best other one gains {gain}: that may be luck.
          </p>
          <div class="buttons">
            <button type="button" class="little" onClick={onForce}>
              Take the best one all the same
            </button>
          </div>
        </>
      ) : (
        <p>
          <strong>Chosen: {describeMethod(made)}.</strong> It gains {gain}, out of fold.{' '}
          {SLIDER_METHODS.some((one) => one === method) && 'The sliders stand there now. '}
          The model is made <a href="#result">below</a>.
        </p>
      )}
      <ReportTable table={table} />
    </div>
  );
}

function tableOf({ methods, table, folds }: SelectionFacts): Table {
  return {
    title: 'Each method by itself',
    header: ['method', 'candidate', 'average, out of fold'],
    prose: [1],
    rows: methods.map(({ method, convention, candidate, outOfFold }) => [
      isolate(convention ? `${method} (${convention})` : method),
      valuesOf(candidate),
      percent(outOfFold),
    ]),
    note: `${countOf(table.length, 'candidate')}, ${figure(folds)} folds.`,
  };
}

/** Adjustments have a parameter or two; what a fitted head is made with fills a paragraph, and stands in the report. */
function valuesOf({ method, parameters }: Choice): string {
  if (method === 'none') return 'as it is';
  const { tau, gamma } = parameters;
  if (method === 'multiplicative') return `gamma ${shortNumber(Number(gamma))}`;
  if (method === 'additive' || method === 'tau-norm') return `tau ${shortNumber(Number(tau))}`;
  return 'fitted to the training data';
}
