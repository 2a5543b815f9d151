/** The steps, and how far they are. */
import type { State } from '../state.js';
import type { PanelProps } from './panel.js';

type Standing = 'done' | 'busy' | 'failed' | 'open' | 'waiting';

const WORDS: Readonly<Record<Standing, string>> = {
  done: 'done',
  busy: 'at work',
  failed: 'failed',
  open: 'can be used',
  waiting: 'waits for the steps before',
};

export function Navigation({ state }: PanelProps) {
  return (
    <nav aria-label="Steps">
      <ol>
        {stepsOf(state).map(([id, title, standing], i) => (
          <li key={id} class={`step-${standing}`}>
            <a href={`#${id}`}>
              <span class="number">{i + 1}</span> <span class="title">{title}</span>
              <span class="unseen">, {WORDS[standing]}</span>
            </a>
          </li>
        ))}
      </ol>
    </nav>
  );
}

/** Id, name and standing of each step. */
export function stepsOf({ slots }: State): readonly (readonly [string, string, Standing])[] {
  const head = slots.model.value?.facts.head;
  const isReady = head && slots.validation.value && slots.counts.value;
  const of = (names: readonly (keyof State['slots'])[], rest: Standing): Standing => {
    if (names.some((name) => slots[name].busy)) return 'busy';
    return names.some((name) => slots[name].problem) ? 'failed' : rest;
  };
  return [
    ['model', 'Model', of(['model'], head ? 'done' : 'open')],
    [
      'data',
      'Data',
      of(['validation', 'train', 'test', 'counts'], isReady ? 'done' : head ? 'open' : 'waiting'),
    ],
    ['diagnosis', 'Imbalance', of(['diagnosis'], slots.diagnosis.value ? 'done' : 'waiting')],
    ['adjust', 'Adjust', of(['temperature'], isReady ? 'open' : 'waiting')],
    ['choose', 'Choose', of(['search', 'fit'], slots.search.value ? 'done' : isReady ? 'open' : 'waiting')],
    ['result', 'Download', of(['made'], slots.made.value ? 'done' : 'waiting')],
  ];
}
