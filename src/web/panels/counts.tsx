/** How many samples of each class the model was trained on: what every adjustment is computed from. */
import type { TargetedEvent, TargetedSubmitEvent } from 'preact';
import { GROUPS } from '../../evaluation/groups.js';
import { countOf, figure } from '../../report/words.js';
import type { CountsFacts } from '../engine/protocol.js';
import { DropZone, FileButton } from '../parts/files.js';
import { GroupMark } from '../parts/group-mark.js';
import { PagePlot } from '../parts/markup.js';
import { Status } from '../parts/status.js';
import { countsPlot } from '../plots/counts-plot.js';
import { classNamesOf, headOf } from '../state.js';
import { originWords } from '../words.js';
import type { PanelProps } from './panel.js';

export function CountsPanel({ state, actions }: PanelProps) {
  const { slots, drafts } = state;
  const slot = slots.counts;
  const facts = slot.value;
  const names = classNamesOf(state);
  const fromModel = slots.model.value?.facts.counts;
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    actions.setCounts({ kind: 'text', text: drafts.counts ?? '' });
  };
  const form = (
    <form class="form" onSubmit={submit}>
      <label for="counts">One number per class in class order, or lines of name and number, or JSON</label>
      <textarea
        id="counts"
        rows={4}
        spellcheck={false}
        placeholder="4980, 2985, 1789, …"
        value={drafts.counts ?? ''}
        onInput={(event) => actions.draft({ counts: event.currentTarget.value })}
      />
      <div class="buttons">
        <button type="submit" class="little">
          Use these numbers
        </button>
        <FileButton
          label="Choose a file"
          purpose="class counts: .json, .txt, or a feature file whose labels are counted"
          little
          onFiles={actions.setCountsFile}
        />
        {slots.train.value && (
          <button
            type="button"
            class="little"
            onClick={() => actions.setCounts({ kind: 'set', role: 'train' })}
          >
            Count the training labels
          </button>
        )}
        {fromModel && facts?.from !== fromModel.from && (
          <button type="button" class="little" onClick={() => actions.setCounts({ kind: 'model' })}>
            Those of the model
          </button>
        )}
      </div>
    </form>
  );
  return (
    <div>
      <DropZone label="Place for class counts" filled={Boolean(facts)} onFiles={actions.setCountsFile}>
        <h3>
          Training samples by class <span class="muted">needed</span>
        </h3>
        {facts ? (
          <>
            <CountsSummary facts={facts} />
            <PagePlot draw={() => countsPlot(facts, names)} of={[facts, names]} untitled />
            <Thresholds
              key={`${facts.thresholds.many} ${facts.thresholds.few}`}
              facts={facts}
              actions={actions}
            />
          </>
        ) : (
          <p>
            How often the network saw each class.
            {headOf(state) &&
              ' This model does not say it itself: type or paste the numbers, or drop a file.'}
          </p>
        )}
        {facts ? (
          <details>
            <summary>Use other numbers</summary>
            {form}
          </details>
        ) : (
          form
        )}
      </DropZone>
      <Status slot={slot} onCancel={() => actions.cancel('counts')} />
    </div>
  );
}

function CountsSummary({
  facts: { counts, groups, imbalanceFactor, from },
}: {
  readonly facts: CountsFacts;
}) {
  const total = counts.reduce((a, b) => a + b, 0);
  return (
    <>
      <p>
        {countOf(total, 'sample')}, {originWords(from)}. The most frequent class has {figure(imbalanceFactor)}{' '}
        times the samples of the rarest.
      </p>
      <p class="groups">
        {GROUPS.map((group) => (
          <span key={group}>
            <GroupMark group={group} /> {group}{' '}
            {countOf(groups.filter((one) => one === group).length, 'class', 'classes')}
          </span>
        ))}
      </p>
    </>
  );
}

/** Where many, medium and few are cut. */
function Thresholds({
  facts,
  actions,
}: {
  readonly facts: CountsFacts;
  readonly actions: PanelProps['actions'];
}) {
  const { many, few } = facts.thresholds;
  const set = (which: 'many' | 'few') => (event: TargetedEvent<HTMLInputElement>) => {
    const value = event.currentTarget.valueAsNumber;
    if (Number.isFinite(value)) actions.setThresholds({ many, few, [which]: value });
    else event.currentTarget.value = `${facts.thresholds[which]}`;
  };
  return (
    <p class="thresholds">
      <label>
        many: more than{' '}
        <input type="number" class="exact" min={0} step="any" value={many} onChange={set('many')} />
      </label>
      <label>
        few: fewer than{' '}
        <input type="number" class="exact" min={0} step="any" value={few} onChange={set('few')} />
      </label>
      <button type="button" class="little quiet" onClick={() => actions.setThresholds(null)}>
        Usual bounds
      </button>
    </p>
  );
}
