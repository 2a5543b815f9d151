/** 1: the model, and what was found in it. */

import { useEffect, useState } from 'preact/hooks';
import type { HeadDescription } from '../../features/describe-model.js';
import { countOf, figure, fitText, isolate, range } from '../../report/words.js';
import { Facts, Notes } from '../parts/facts.js';
import { DropZone, FileButton } from '../parts/files.js';
import { Radios } from '../parts/radios.js';
import { Empty, Section } from '../parts/section.js';
import { ProblemNote, Status } from '../parts/status.js';
import type { OpenedModel } from '../state.js';
import { bytesWords } from '../words.js';
import { ModelSettingsForm } from './model-settings.js';
import type { PanelProps } from './panel.js';

export function ModelPanel({ state, actions }: PanelProps) {
  const slot = state.slots.model;
  const model = slot.value;
  return (
    <Section id="model" number={1} title="Your model" busy={Boolean(slot.busy)}>
      <div class="columns">
        <div>
          <DropZone label="Place for the model" filled={Boolean(model)} onFiles={actions.openModel}>
            {model ? (
              <p class="file-name">{isolate(model.facts.name)}</p>
            ) : (
              <p>
                Drop a classifier here, an .onnx file. Its last linear layer is found and shown; the rest of
                the network stays as it is.
              </p>
            )}
            <div class="buttons">
              <FileButton
                label={model ? 'Choose another' : 'Choose a model'}
                purpose="an .onnx file, with the files of its weights if it has such"
                multiple
                onFiles={actions.openModel}
              />
            </div>
          </DropZone>
          <Status slot={slot} onCancel={() => actions.cancel('model')} />
          {model && <ModelSettingsForm state={state} actions={actions} />}
        </div>
        <div>
          {model ? (
            <Found
              model={model}
              busy={Boolean(slot.busy)}
              onHead={(output) => actions.reopenModel({ output })}
            />
          ) : (
            <Empty>What is found in the model comes here.</Empty>
          )}
        </div>
      </div>
    </Section>
  );
}

interface FoundProps {
  readonly model: OpenedModel;
  readonly busy: boolean;
  readonly onHead: (output: string) => void;
}

function Found({ model: { facts }, busy, onHead }: FoundProps) {
  const { description, head, problem, classNames, notes } = facts;
  const { model, heads, refused, problems } = description;
  const used = heads.find(({ output }) => output === head?.output);
  return (
    <>
      {head ? (
        <p class="found">
          {countOf(head.classes, 'class', 'classes')} × {countOf(head.dimensions, 'dimension')}
        </p>
      ) : (
        <p class="found">No head that can be used</p>
      )}
      {!head && problem && <ProblemNote problem={problem} />}
      {heads.length > 1 && <HeadChoice heads={heads} used={used?.output} busy={busy} onHead={onHead} />}
      <Facts
        facts={[
          used && ['head', headWords(used)],
          used?.norms != null && ['lengths of its weights', range([used.norms.min, used.norms.max])],
          used && ['made of', `tensor ${isolate(used.features)}`],
          classNames && ['classes', <ClassNames key="names" names={classNames} />],
          facts.counts && [
            'trained on',
            `${figure(sum(facts.counts.counts))} samples, as the model says itself`,
          ],
          [
            'file',
            `${bytesWords(model.bytes)}, opset ${model.opset}${model.producer ? `, by ${isolate(model.producer)}` : ''}`,
          ],
          ['sha256', <code key="sha">{model.sha256.slice(0, 16)}…</code>],
        ]}
      />
      <Notes notes={[...new Set([...notes, ...problems, ...(used?.note ? [used.note] : [])])]} />
      {refused.length > 0 && (
        <details>
          <summary>{countOf(refused.length, 'output')} without a usable head</summary>
          <Facts facts={refused.map(({ output, reason }) => [output, reason] as const)} />
        </details>
      )}
    </>
  );
}

interface HeadChoiceProps extends Omit<FoundProps, 'model'> {
  readonly heads: readonly HeadDescription[];
  readonly used: string | undefined;
}

/** Several heads: which one is meant. What was chosen shows while the model is opened with it. */
function HeadChoice({ heads, used, busy, onHead }: HeadChoiceProps) {
  const [chosen, setChosen] = useState(used);
  useEffect(() => {
    if (!busy) setChosen(used);
  }, [used, busy]);
  return (
    <fieldset class="choices">
      <legend>There are {heads.length} heads. Which one is meant?</legend>
      <Radios
        name="head"
        values={heads.map(({ output }) => output)}
        chosen={busy ? chosen : used}
        onChoose={(output) => {
          setChosen(output);
          onHead(output);
        }}
      >
        {(output) => {
          const { classes, dimensions } = heads.find((head) => head.output === output)!;
          return (
            <>
              {isolate(output)}{' '}
              <span class="muted">
                {countOf(classes, 'class', 'classes')} × {dimensions}
              </span>
            </>
          );
        }}
      </Radios>
    </fieldset>
  );
}

const SHOWN = 12;

function ClassNames({ names }: { names: readonly string[] }) {
  const words = (list: readonly string[]) => list.map((name) => fitText(name, 18)).join(', ');
  if (names.length <= SHOWN) return <>{words(names)}</>;
  return (
    <details class="inline">
      <summary>
        {words(names.slice(0, 3))} … {names.length - 3} more
      </summary>
      <div class="scroll">{words(names)}</div>
    </details>
  );
}

function headWords({ kind, output, bias, dtype, activation }: HeadDescription): string {
  const parts = [
    kind === 'logits' ? 'only its logits can be changed' : kind,
    `to output ${isolate(output)}`,
    dtype,
    bias ? 'with bias' : 'no bias',
    activation === 'none' ? '' : `then ${activation}`,
  ];
  return parts.filter(Boolean).join(', ');
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}
