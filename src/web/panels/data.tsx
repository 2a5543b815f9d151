/** 2: the samples, by what they are used for, and how many the model was trained on. */
import { countOf, figure, isolate } from '../../report/words.js';
import { ROLE_NAMES } from '../actions/data-sets.js';
import type { DataFacts, Role } from '../engine/protocol.js';
import { Checkbox } from '../parts/checkbox.js';
import { Notes } from '../parts/facts.js';
import { DropZone, FileButton } from '../parts/files.js';
import { Section } from '../parts/section.js';
import { Status } from '../parts/status.js';
import { hasGraphicsCard, headOf, ROLES } from '../state.js';
import { secondsWords } from '../words.js';
import { CountsPanel } from './counts.js';
import type { PanelProps } from './panel.js';

const PURPOSE: Readonly<Record<Role, string>> = {
  validation:
    'Labelled samples that the network was not trained on. The sliders are measured and the choice is made on them.',
  train: 'The training samples: for the diagnosis, and for fitting new heads.',
  test: 'Labelled samples that nothing is chosen on: an honest before and after.',
};

export function DataPanel({ state, actions }: PanelProps) {
  const { slots } = state;
  return (
    <Section
      id="data"
      number={2}
      title="Your data"
      lead="Features as onnx-tailor extract or numpy writes them (.npz, .safetensors or .parquet with features and labels), or a folder of pictures with one subfolder per class, which are then run through the model here."
      busy={ROLES.some((role) => slots[role].busy)}
    >
      <div class="columns">
        <div class="stack">
          {ROLES.map((role) => (
            <DataPlace key={role} role={role} state={state} actions={actions} />
          ))}
          <MissingClasses state={state} actions={actions} />
          <GraphicsCard state={state} actions={actions} />
        </div>
        <CountsPanel state={state} actions={actions} />
      </div>
    </Section>
  );
}

function DataPlace({ role, state, actions }: PanelProps & { readonly role: Role }) {
  const slot = state.slots[role];
  const facts = slot.value;
  const name = ROLE_NAMES[role];
  return (
    <div class="place">
      <DropZone
        label={`Place for ${name.toLowerCase()} data`}
        filled={Boolean(facts)}
        onFiles={(found) => actions.addData(role, found)}
      >
        <h3>
          {name} <span class="muted">{role === 'validation' ? 'needed' : 'if you have them'}</span>
        </h3>
        {facts ? <DataSummary facts={facts} classes={headOf(state)?.classes ?? 0} /> : <p>{PURPOSE[role]}</p>}
        <div class="buttons">
          <FileButton
            label={facts ? 'Another file' : 'Choose a file'}
            purpose={`${name}, .npz, .safetensors or .parquet`}
            onFiles={(found) => actions.addData(role, found)}
          />
          <FileButton
            label={facts ? 'Another folder' : 'Choose a folder'}
            purpose={`${name}, pictures`}
            folder
            onFiles={(found) => actions.addData(role, found)}
          />
          {facts && !slot.busy && (
            <button
              type="button"
              class="little quiet"
              onClick={() => actions.removeData(role)}
              aria-label={`Remove ${name.toLowerCase()} data`}
            >
              Remove
            </button>
          )}
        </div>
      </DropZone>
      <Status slot={slot} onCancel={() => actions.cancel(role)} />
      {facts && <Notes notes={facts.notes} />}
    </div>
  );
}

function DataSummary({ facts, classes }: { readonly facts: DataFacts; readonly classes: number }) {
  const { name, samples, counts, from, device, seconds } = facts;
  const there = counts.filter((count) => count > 0);
  const least = there.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const most = there.reduce((a, b) => Math.max(a, b), 0);
  const perClass =
    least === most ? `${figure(least)} of each class` : `${figure(least)} to ${figure(most)} of a class`;
  return (
    <>
      <p class="file-name">{isolate(name)}</p>
      <p>
        {countOf(samples, 'sample')}, {perClass}
        {there.length < classes &&
          `, ${figure(classes - there.length)} of ${figure(classes)} classes without any`}
        .
        {from !== 'features' &&
          seconds !== undefined &&
          ` Run through the model on ${device} in ${secondsWords(seconds)}.`}
      </p>
    </>
  );
}

/** Only where there is something to decide. */
function MissingClasses({ state, actions }: PanelProps) {
  const facts = state.slots.validation.value;
  const missing = facts?.counts.filter((count) => count === 0).length ?? 0;
  if (missing === 0) return null;
  return (
    <Checkbox checked={state.skipMissing} onChange={actions.setSkipMissing}>
      Leave classes without a validation sample out of the averages ({countOf(missing, 'class', 'classes')}
      ). Unticked, nothing is made without samples of every class.
    </Checkbox>
  );
}

/** Only where there is one. */
function GraphicsCard({ state, actions }: PanelProps) {
  if (!hasGraphicsCard(state)) return null;
  return (
    <Checkbox checked={state.useGraphicsCard} onChange={actions.setUseGraphicsCard}>
      Run pictures on the graphics card (WebGPU). Its first use loads 7 MB more of onnxruntime, from where
      this page came from. Numbers differ from the processor's in their last digits.
    </Checkbox>
  );
}
