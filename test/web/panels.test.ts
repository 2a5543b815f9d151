/** Every panel is a function of the state: what it shows empty, busy, failed and filled. */
import { type FunctionComponent, h } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { describe, expect, it } from 'vitest';
import { Page } from '../../src/web/page.js';
import { AdjustPanel } from '../../src/web/panels/adjust.js';
import { ChoosePanel } from '../../src/web/panels/choose.js';
import { DataPanel } from '../../src/web/panels/data.js';
import { DiagnosisPanel } from '../../src/web/panels/diagnosis.js';
import { Header } from '../../src/web/panels/header.js';
import { ModelPanel } from '../../src/web/panels/model.js';
import { stepsOf } from '../../src/web/panels/navigation.js';
import type { PanelProps } from '../../src/web/panels/panel.js';
import { ResultPanel } from '../../src/web/panels/result.js';
import { INITIAL_SLIDERS, initialState, type SlotName, type State } from '../../src/web/state.js';
import { expectWellFormed } from '../report/well-formed.js';
import { countsFacts, dataFacts, modelFacts, NO_ACTIONS, readySlots, stateWith } from './page-state.js';

function show(panel: FunctionComponent<PanelProps>, state: State): string {
  return renderToString(h(panel, { state, actions: NO_ACTIONS }));
}

/** The words alone. */
function wordsOf(html: string): string {
  return html
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

/** Where a slot shows that it is busy or has failed. */
const PLACES: readonly (readonly [SlotName, FunctionComponent<PanelProps>])[] = [
  ['engine', Header],
  ['sample', Header],
  ['model', ModelPanel],
  ['validation', DataPanel],
  ['train', DataPanel],
  ['test', DataPanel],
  ['counts', DataPanel],
  ['diagnosis', DiagnosisPanel],
  ['temperature', AdjustPanel],
  ['search', ChoosePanel],
  ['fit', ChoosePanel],
  ['made', ResultPanel],
];

describe('every slot', () => {
  it.each(PLACES)('%s shows its work, with a way to stop it, and its failure', (name, panel) => {
    const progress = { done: 3, total: 12, what: 'samples', secondsLeft: 4.2, loss: 0.5 };
    const busy = stateWith({ ...readySlots(), [name]: { busy: { what: 'Doing it', progress } } });
    const working = show(panel, busy);
    expect(working).toMatch(/<progress[^>]*max="12"[^>]*value="3"/);
    expect(wordsOf(working)).toContain('Doing it … 3 of 12 samples, loss 0.5, 5 seconds left');
    if (name !== 'engine') expect(working).toContain('aria-label="Cancel: Doing it"');

    const problem = { code: 'FORMAT_INVALID', message: 'Reading <it>: no.', hint: 'Do that.' } as const;
    const failed = show(panel, stateWith({ ...readySlots(), [name]: { problem } }));
    expect(failed).toMatch(/role="alert" data-code="FORMAT_INVALID"/);
    expect(wordsOf(failed)).toContain('That did not work. Reading &lt;it>: no. Do that.');
  });

  it('says that it was its own fault where it was', () => {
    const problem = { code: 'INTERNAL', message: 'x is undefined' } as const;
    expect(wordsOf(show(ModelPanel, stateWith({ model: { problem } })))).toContain(
      'This should not have happened. x is undefined',
    );
  });
});

describe('an empty page', () => {
  it('says at every step what it is for and what it needs', () => {
    const words = wordsOf(show(Page, initialState()));
    for (const part of [
      'Nothing leaves this machine',
      'Drop a classifier here',
      'Labelled samples that the network was not trained on',
      'it needs a model , validation data and the training samples by class',
      'The sliders need',
      'The choice needs',
      'Nothing was made yet',
    ]) {
      expect(words).toContain(part);
    }
    expect(stepsOf(initialState()).map(([, , standing]) => standing)).toEqual([
      'open',
      ...Array(5).fill('waiting'),
    ]);
  });

  it('has one heading for each step, and a name for every field', () => {
    const html = show(Page, stateWith(readySlots()));
    expect(html.match(/<h1/g)).toHaveLength(1);
    expect(html.match(/<h2/g)).toHaveLength(6);
    for (const [field] of html.matchAll(/<(?:input|textarea|select)\b[^>]*>/g)) {
      const id = /\bid="([^"]+)"/.exec(field)?.[1];
      const isNamed =
        /aria-label=/.test(field) ||
        (id !== undefined && html.includes(`for="${id}"`)) ||
        /type="(radio|checkbox)"/.test(field) ||
        // Inside of its label.
        html.includes(`than ${field}`);
      expect(isNamed, field).toBe(true);
    }
  });
});

describe('the model', () => {
  it('shows what was found, and names as text', () => {
    const names = ['<b>', 'cat', 'a'.repeat(200)];
    const facts = modelFacts(3, { classNames: names, counts: countsFacts([5, 3, 1], 'the model') });
    const { model } = readySlots();
    const html = show(ModelPanel, stateWith({ model: { value: { ...model.value, facts } } }));
    expect(wordsOf(html)).toContain('3 classes × 4 dimensions');
    expect(wordsOf(html)).toContain('9 samples, as the model says itself');
    expect(html).toContain('&lt;b>, cat, aaaa');
    expect(html).not.toContain('<b>,');
    // The field for names has it whole.
    expect(wordsOf(html.replace(/<textarea.*?<\/textarea>/gs, ''))).not.toContain('a'.repeat(100));
  });

  it('lets several heads be chosen from, and says why none can be used', () => {
    const facts = modelFacts(3);
    const [head] = facts.description.heads;
    const heads = [head, { ...head, output: 'second' }];
    const ambiguous = {
      ...facts,
      head: null,
      problem: { code: 'HEAD_AMBIGUOUS', message: 'Two heads.' } as const,
      description: {
        ...facts.description,
        heads,
        refused: [{ output: 'boxes', reason: 'it is no classifier' }],
      },
    };
    const { model } = readySlots();
    const html = show(ModelPanel, stateWith({ model: { value: { ...model.value, facts: ambiguous } } }));
    expect(wordsOf(html)).toContain('There are 2 heads. Which one is meant? logits 3 classes × 4 second');
    expect(wordsOf(html)).toContain('boxes it is no classifier');
    expect(wordsOf(html)).toContain('Two heads.');
  });
});

describe('the data', () => {
  it('asks about classes without a sample only where there are such', () => {
    const ready = readySlots();
    expect(wordsOf(show(DataPanel, stateWith(ready)))).not.toContain('Leave classes without');
    const validation = { value: dataFacts('validation', [4, 0, 2]) };
    const words = wordsOf(show(DataPanel, stateWith({ ...ready, validation })));
    expect(words).toContain('6 samples, 2 to 4 of a class, 1 of 3 classes without any.');
    expect(words).toContain('Leave classes without a validation sample out of the averages (1 class)');
  });

  it('offers the graphics card only where there is one', () => {
    const ready = readySlots();
    const words = (software: boolean, available = true) => {
      const devices = [{ device: 'webgpu', available, software, reason: 'found' } as const];
      const engine = { value: { versions: {}, devices, threads: 1, crossOriginIsolated: false } };
      return wordsOf(show(DataPanel, stateWith({ ...ready, engine })));
    };
    expect(words(false)).toContain('Run pictures on the graphics card (WebGPU).');
    expect(words(true)).not.toContain('graphics card');
    expect(words(false, false)).not.toContain('graphics card');
  });

  it('offers only such counts as there are', () => {
    const ready = readySlots();
    expect(wordsOf(show(DataPanel, stateWith(ready)))).not.toContain('Count the training labels');
    const train = { value: dataFacts('train', [9, 5, 1]) };
    expect(wordsOf(show(DataPanel, stateWith({ ...ready, train })))).toContain('Count the training labels');
  });
});

describe('the sliders', () => {
  const figures = (average: number) => ({
    ...{ average, worst: 0, harmonicMean: 0, geometricMean: 0, overall: average, expected: 0.9 },
    ...{ many: 0.9, medium: 0.5, few: 0.1, perClass: [0.9, 0.5, 0.1] },
  });
  const live = { before: figures(0.5), after: figures(0.625) };

  it('show before and after in a table that can be read out', () => {
    const html = show(AdjustPanel, stateWith(readySlots(), { live }));
    expect(wordsOf(html)).toContain('average all classes 50.0 % → 62.5 % +12.5');
    expect(html).toContain('width:62.5%');
    expect(wordsOf(html)).not.toContain('expected');
    const own = { ...INITIAL_SLIDERS, ownPrior: [0.5, 0.3, 0.2] };
    expect(wordsOf(show(AdjustPanel, stateWith(readySlots(), { live, sliders: own })))).toContain(
      'expected as made for 90.0 % → 90.0 % 0.0',
    );
  });

  it('make nothing of the original head', () => {
    const html = show(AdjustPanel, stateWith(readySlots(), { live }));
    expect(html).toMatch(/class="primary" disabled/);
    const moved = { ...INITIAL_SLIDERS, temperature: 2 };
    expect(show(AdjustPanel, stateWith(readySlots(), { live, sliders: moved }))).not.toMatch(
      /class="primary" disabled/,
    );
  });

  it('leave out what a model without weights cannot have', () => {
    const ready = readySlots();
    const facts = modelFacts(3);
    const logits = { ...facts, head: { ...facts.head!, onLogits: true } };
    const model = { value: { ...ready.model.value, facts: logits } };
    const state = stateWith({ ...ready, model }, { live });
    expect(wordsOf(show(AdjustPanel, state))).toContain('Only the logits of this model can be changed');
    expect(wordsOf(show(ChoosePanel, state))).toContain('a new head has no place in it');
  });

  it('draw well-formed plots', async () => {
    const curve = {
      key: '',
      points: [0, 1, 2].map((parameter) => ({ parameter, figures: figures(parameter / 4) })),
    };
    const html = show(AdjustPanel, stateWith(readySlots(), { live: { ...live, curve } }));
    const plots = [...html.matchAll(/<svg viewBox.*?<\/svg>/gs)].map(([svg]) => svg);
    expect(plots.length).toBeGreaterThanOrEqual(2);
    for (const svg of plots)
      await expectWellFormed(svg.replace('<svg', '<svg xmlns="http://www.w3.org/2000/svg"'));
  });
});
