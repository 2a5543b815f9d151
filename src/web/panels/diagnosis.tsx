/** 3: what class imbalance did to features and head. */
import { useMemo } from 'preact/hooks';
import type { DiagnosisResult, PlotFacts } from '../engine/protocol.js';
import { WorkerPlot } from '../parts/markup.js';
import { Empty, Missing, Section } from '../parts/section.js';
import { Status } from '../parts/status.js';
import { Unfold } from '../parts/unfold.js';
import { lacksOf } from '../state.js';
import { Findings, findingsIn } from './findings.js';
import type { PanelProps } from './panel.js';

export function DiagnosisPanel({ state, actions }: PanelProps) {
  const { slots } = state;
  const slot = slots.diagnosis;
  // Either set will do.
  const lacks = lacksOf(state).filter(({ what }) => !(slots.train.value && what === 'validation'));
  return (
    <Section id="diagnosis" number={3} title="What imbalance did" busy={Boolean(slot.busy)}>
      <Status slot={slot} onCancel={() => actions.cancel('diagnosis')} />
      {slot.value ? (
        <Found result={slot.value} />
      ) : (
        !slot.busy &&
        (lacks.length > 0 ? (
          <Missing
            what="How far the model leans towards frequent classes is shown here; it needs"
            lacks={lacks}
          />
        ) : (
          <Empty>
            {slot.problem ? 'Nothing to show.' : 'Stopped.'}
            <button type="button" class="little" onClick={() => actions.diagnose()}>
              Look at the features
            </button>
          </Empty>
        ))
      )}
    </Section>
  );
}

/** Plots that answer the question of the section; the others are for those who want to know more. */
const FIRST = ['accuracy', 'confusion'];
/** Findings that are shown at once. */
const SHOWN = 3;

function Found({ result }: { readonly result: DiagnosisResult }) {
  const { plots } = result;
  const findings = useMemo(() => findingsIn(result), [result]);
  const first = plots.filter(({ name }) => FIRST.includes(name));
  const others = plots.filter(({ name }) => !FIRST.includes(name));
  return (
    <>
      <Findings list={findings.slice(0, SHOWN)} />
      {findings.length > SHOWN && (
        <Unfold class="more-findings" summary={`${findings.length - SHOWN} more findings`}>
          {() => <Findings list={findings.slice(SHOWN)} />}
        </Unfold>
      )}
      <Plots plots={first} />
      {others.length > 0 && (
        <Unfold summary={`${others.length} more plots: reliability, features, collapse`}>
          {() => <Plots plots={others} />}
        </Unfold>
      )}
    </>
  );
}

function Plots({ plots }: { readonly plots: readonly PlotFacts[] }) {
  return (
    <div class="plots">
      {plots.map((plot) => (
        <WorkerPlot key={plot.name} plot={plot} place="diagnosis" />
      ))}
    </div>
  );
}
