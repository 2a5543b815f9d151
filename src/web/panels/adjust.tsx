/** 4: the sliders, and what they come to. */
import { countOf, figure, percent } from '../../report/words.js';
import { isOriginal, resetSliders } from '../choices.js';
import { Bars } from '../parts/bars.js';
import { Tile } from '../parts/facts.js';
import { PagePlot } from '../parts/markup.js';
import { Empty, Missing, Section } from '../parts/section.js';
import { ProblemNote } from '../parts/status.js';
import { changePlot } from '../plots/change-plot.js';
import { curvePlot } from '../plots/curve-plot.js';
import { classNamesOf, lacksOf } from '../state.js';
import { METHOD_FACTS } from './methods.js';
import type { PanelProps } from './panel.js';
import { SlidersForm } from './sliders.js';

export function AdjustPanel({ state, actions }: PanelProps) {
  const lacks = lacksOf(state);
  return (
    <Section
      id="adjust"
      number={4}
      title="Adjust by hand"
      lead="Every move is evaluated at once: the logits of validation are changed as the head would change them."
    >
      {lacks.length === 0 ? (
        <div class="adjust">
          {/* On a phone the bars stay in sight while the sliders are moved. */}
          <div class="hand">
            <Controls state={state} actions={actions} />
            <LiveBars state={state} />
          </div>
          <LiveDetails state={state} />
        </div>
      ) : (
        <Missing what="The sliders need" lacks={lacks} />
      )}
    </Section>
  );
}

function Controls({ state, actions }: PanelProps) {
  const { live, sliders } = state;
  const isUnchanged = isOriginal(sliders);
  return (
    <div class="controls">
      <SlidersForm state={state} actions={actions} />
      <div class="buttons">
        <button
          type="button"
          class="primary"
          disabled={isUnchanged || !live.after}
          onClick={() => actions.makeAdjusted()}
        >
          Make this model
        </button>
        <button type="button" disabled={isUnchanged} onClick={() => actions.move(resetSliders(sliders))}>
          Back to the original
        </button>
      </div>
      {isUnchanged && <p class="note">The sliders stand at the original head.</p>}
      {live.problem && <ProblemNote problem={live.problem} />}
    </div>
  );
}

function LiveBars({ state: { live, slots, sliders } }: Pick<PanelProps, 'state'>) {
  const { before, after } = live;
  const counts = slots.counts.value;
  if (!before || !counts) return <div class="live">{!live.problem && <Empty>Evaluating …</Empty>}</div>;
  return (
    <div class="live">
      <Bars
        caption={`Accuracy on ${countOf(slots.validation.value?.samples ?? 0, 'validation sample')}`}
        before={before}
        after={after ?? before}
        groups={counts.groups}
        weighted={sliders.ownPrior !== undefined || sliders.priorExponent !== 0}
      />
    </div>
  );
}

function LiveDetails({ state }: Pick<PanelProps, 'state'>) {
  const { live, slots, sliders } = state;
  const { before, curve } = live;
  const counts = slots.counts.value;
  if (!before || !counts) return null;
  const now = live.after ?? before;
  const names = classNamesOf(state);
  const { symbol } = METHOD_FACTS[sliders.method];
  const at = sliders.parameters[sliders.method];
  return (
    <div class="details">
      <dl class="tiles">
        <Tile name="Worst class" from={percent(before.worst)} value={percent(now.worst)} />
        <Tile name="Over samples" from={percent(before.overall)} value={percent(now.overall)} />
        <Tile name="Calibration error" from={percent(before.ece)} value={percent(now.ece)} />
        <Tile name="Negative log-likelihood" from={figure(before.nll)} value={figure(now.nll)} />
      </dl>
      <p class="note">
        These are the samples that you choose on: on new ones expect a little less. Section 5 takes that into
        account.
      </p>
      <div class="stack">
        {curve && curve.points.length > 1 && (
          <PagePlot draw={() => curvePlot(curve, { symbol, at, now })} of={[curve, symbol, at, now]} />
        )}
        <PagePlot
          draw={() => changePlot(before, now, counts, names)}
          of={[before.perClass, now, counts, names]}
        />
      </div>
    </div>
  );
}
