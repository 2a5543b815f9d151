/** What follows from what: files that are given, counts, sliders, cancelling, and what is forgotten when something changes. */
import { describe, expect, it, vi } from 'vitest';
import { matrix } from '../../src/array/matrix.js';
import { evaluate } from '../../src/evaluation/evaluate.js';
import { createActions } from '../../src/web/actions/actions.js';
import { adjustChoiceOf, isOriginal, searchChoiceOf, slidersOf } from '../../src/web/choices.js';
import { EngineError } from '../../src/web/engine/client.js';
import type { LiveData, MadeModel, Role, Verbs } from '../../src/web/engine/protocol.js';
import { INITIAL_SLIDERS, initialState } from '../../src/web/state.js';
import { createStore } from '../../src/web/store.js';
import { type Answers, fakeEngine } from './fake-engine.js';
import { countsFacts, dataFacts, modelFacts } from './page-state.js';

const COUNTS = [2000, 500, 100];

/** Two samples of each of three classes; the rare one is answered wrong until it is helped. */
const LIVE: LiveData = {
  role: 'validation',
  name: 'validation.npz',
  logits: Float32Array.of(3, 1, 0, 2, 1, 0, 1, 2, 0, 0, 2, 1, 2, 0, 1.5, 0, 1, 2),
  labels: Int32Array.of(0, 0, 1, 1, 2, 2),
  samples: 6,
  classes: 3,
  norms: Float64Array.of(1, 1, 1),
  bias: Float64Array.of(0, 0, 0),
};

function page(answers: Answers = {}) {
  const store = createStore(initialState());
  const engine = fakeEngine({
    openModel: ({ file }) => modelFacts(3, { name: file.name }),
    setCounts: () => countsFacts(COUNTS),
    setThresholds: () => countsFacts(COUNTS),
    addData: ({ role }) => dataFacts(role, [2, 2, 2]),
    removeData: () => null,
    logits: () => LIVE,
    diagnose: () => ({ advice: [], plots: [] }),
    report: () => ({}),
    ...answers,
  });
  const shown = vi.fn();
  const actions = createActions({
    store,
    engine,
    sample: async () => {
      const file = (name: string) => ({ name, data: new Uint8Array() });
      return { model: file('m.onnx'), validation: file('v.npz'), train: file('t.npz'), test: file('x.npz') };
    },
    showResult: shown,
    frame: (work) => queueMicrotask(work),
  });
  return { store, engine, actions, shown };
}

const found = (...paths: string[]) =>
  paths.map((path) => ({ path, file: new File([], path.slice(path.lastIndexOf('/') + 1)) }));

async function ready(answers: Answers = {}) {
  const all = page(answers);
  await all.actions.openModel(found('m.onnx'));
  await all.actions.addData('validation', found('v.npz'));
  await all.actions.setCounts({ kind: 'text', text: '2000 500 100' });
  return all;
}

const MADE = {
  ...{ method: 'additive', parameters: { tau: 0.5 }, kept: false, selection: { methods: [], table: [] } },
  before: { average: 0.5 },
  after: { average: 0.75 },
  improvement: { average: 0.25, interval: [0.1, 0.4] },
} as unknown as MadeModel;

describe('what is given', () => {
  it('runs data on the graphics card where there is one and it is wished for', async () => {
    const asked: (string | undefined)[] = [];
    const { store, actions } = await ready({
      start: () => ({
        devices: [{ device: 'webgpu', available: true, software: false, reason: 'found' }],
        ...{ versions: {}, threads: 1, crossOriginIsolated: false },
      }),
      addData: ({ role, device }) => {
        asked.push(device);
        return dataFacts(role, [2, 2, 2]);
      },
    });
    actions.setUseGraphicsCard(true);
    expect(store.state.useGraphicsCard).toBe(true);
    await actions.addData('test', found('x.npz'));
    await actions.start();
    await actions.addData('test', found('x.npz'));
    actions.setUseGraphicsCard(false);
    await actions.addData('test', found('x.npz'));
    expect(asked.slice(-3)).toEqual([undefined, 'webgpu', undefined]);
  });

  it('is read, evaluated and diagnosed as soon as all of it is there', async () => {
    const { store, engine } = await ready();
    expect(engine.asked).toEqual(['openModel', 'addData', 'logits', 'setCounts', 'diagnose']);
    const { slots, live } = store.state;
    expect(slots.validation.value!.samples).toBe(6);
    expect(live.before!.average).toBeCloseTo(5 / 6);
    await vi.waitFor(() => expect(store.state.live.before!.ece).toBeDefined());
    expect(live.after).toBeDefined();
    expect(store.state.slots.diagnosis.value).toBeDefined();
  });

  it('waits for a model that is not there yet, and is read when it comes', async () => {
    const { store, engine, actions } = page();
    await actions.addData('validation', found('v.npz'));
    expect(store.state.slots.validation.problem!.message).toContain('no model yet that v.npz could be for');
    expect(engine.asked).toEqual([]);
    await actions.openModel(found('m.onnx'));
    expect(store.state.slots.validation).toEqual({ value: dataFacts('validation', [2, 2, 2]) });
  });

  it('is forgotten with another model, and read again for the same one', async () => {
    const { store, engine, actions } = await ready();
    engine.asked.length = 0;
    await actions.reopenModel({ classNames: ['a', 'b', 'c'] });
    expect(engine.asked).toEqual(['openModel', 'setCounts', 'addData', 'logits', 'diagnose']);
    expect(store.state.slots.counts.value).toBeDefined();
    await actions.openModel(found('other.onnx'));
    expect(store.state.slots.validation).toEqual({});
    expect(store.state.slots.counts).toEqual({});
    expect(store.state.live).toEqual({});
  });

  it('stays where what should take its place cannot be read', async () => {
    const problem = new EngineError({ code: 'FORMAT_INVALID', message: 'No.' });
    let fails = false;
    const { store, actions } = await ready({
      addData: ({ role }) => {
        if (fails) throw problem;
        return dataFacts(role, [2, 2, 2]);
      },
    });
    fails = true;
    await actions.addData('validation', found('broken.npz'));
    const { value, problem: shown } = store.state.slots.validation;
    expect(value!.samples).toBe(6);
    expect(shown).toMatchObject({ code: 'FORMAT_INVALID', message: 'No.' });
    expect(shown!.hint).toContain('onnx-tailor extract');
  });

  it('gives counts by its labels where nothing else does', async () => {
    const { engine, actions } = page();
    await actions.openModel(found('m.onnx'));
    await actions.addData('train', found('t.npz'));
    expect(engine.requests).toContainEqual({ source: { kind: 'set', role: 'train' } });
  });

  it('is taken wherever it is dropped, each to its place', async () => {
    const { store, engine, actions } = page();
    await actions.takeFiles(found('m.onnx', 'weights.bin', 'v.npz', 'counts.json'));
    expect(engine.asked.filter((verb) => verb !== 'diagnose')).toEqual([
      'openModel',
      'setCounts',
      'addData',
      'logits',
    ]);
    expect(engine.requests[0]).toMatchObject({ sideFiles: [{ name: 'weights.bin' }] });
    expect(store.state.slots.validation.value).toBeDefined();
  });

  it('comes from the sample as from the user', async () => {
    const { store, engine, actions } = page();
    await actions.loadSample();
    expect(engine.requests.flatMap((request) => (request as { role?: Role }).role ?? [])).toEqual([
      ...['validation', 'validation', 'test', 'train'],
      'train',
    ]);
    expect(store.state.slots.test.value).toBeDefined();
  });
});

describe('the sliders', () => {
  it('show what evaluate finds', async () => {
    const { store, actions } = await ready();
    actions.move({ method: 'additive', parameters: { ...INITIAL_SLIDERS.parameters, additive: 0.4 } });
    await vi.waitFor(() => expect(store.state.live.curve).toBeDefined());
    const prior = COUNTS.map((n) => Math.log(n / 2600));
    const logits = LIVE.logits.map((z, i) => z - 0.4 * prior[i % 3]);
    const expected = evaluate({ logits: matrix(logits, 6, 3), labels: LIVE.labels, counts: COUNTS });
    const { average, few, nll, ece } = store.state.live.after!;
    expect({ average, few }).toEqual({ average: expected.average, few: expected.few });
    expect(nll).toBeCloseTo(expected.nll, 5);
    expect(ece).toBeCloseTo(expected.ece, 5);
    const { points } = store.state.live.curve!;
    expect(points.map(({ parameter }) => parameter)).toContain(2);
    expect(points[0].figures.average).toBe(store.state.live.before!.average);
    await vi.waitFor(() => expect(store.state.said).toMatch(/^Average 100.0.%, many 100.0.%/));
  });

  it('say what is asked for, and nothing that is not', async () => {
    const { store, actions } = await ready();
    expect(adjustChoiceOf(store.state)).toEqual({ kind: 'adjust', method: 'additive', parameter: 0 });
    expect(isOriginal(store.state.sliders)).toBe(true);
    actions.move({ method: 'multiplicative', convention: 'paper', temperature: 2, priorExponent: 1 });
    const choice = adjustChoiceOf(store.state);
    expect(choice).toMatchObject({ method: 'multiplicative', convention: 'paper', temperature: 2 });
    expect(choice.targetPrior).toEqual(COUNTS.map((n) => expect.closeTo(n / 2600)));
    // At 0 the convention of the paper makes all weights as long as each other.
    expect(isOriginal({ ...store.state.sliders, temperature: 1 })).toBe(false);
    expect(searchChoiceOf(store.state)).toMatchObject({
      apply: 'significant',
      targetPrior: choice.targetPrior,
    });
  });

  it('go where the choice went, and stay where it has none', () => {
    const moved = slidersOf(INITIAL_SLIDERS, {
      method: 'multiplicative',
      parameters: { gamma: 0.2, convention: 'paper', temperature: 1.5 },
    });
    expect(moved).toMatchObject({ method: 'multiplicative', convention: 'paper', temperature: 1.5 });
    expect(moved.parameters.multiplicative).toBe(0.2);
    expect(slidersOf(INITIAL_SLIDERS, { method: 'wb', parameters: { epochs: 10 } })).toBe(INITIAL_SLIDERS);
  });
});

describe('work', () => {
  it('shows its progress, and is as if it had never begun when it is cancelled', async () => {
    const { store, actions } = await ready({
      fit: (_, { onProgress }) => {
        onProgress!({ done: 1, total: 10, what: 'epochs', loss: 0.7 });
        return new Promise(() => {});
      },
    });
    const fitting = actions.fit({ method: 'wb' });
    await vi.waitFor(() => expect(store.state.slots.fit.busy?.progress?.done).toBe(1));
    actions.cancel('fit');
    await fitting;
    expect(store.state.slots.fit).toEqual({});
    expect(store.state.fits).toEqual([]);
  });

  it('makes a model, brings the user to it, and writes the report', async () => {
    const { store, engine, actions, shown } = await ready({ make: () => MADE });
    actions.setSkipMissing(true);
    await actions.makeAdjusted();
    expect(engine.requests.at(-2)).toMatchObject({ choice: { kind: 'adjust' }, missing: 'skip' });
    expect(engine.asked.at(-1)).toBe('report');
    expect(shown).toHaveBeenCalledOnce();
    expect(store.state.slots.made.value).toBe(MADE);
    expect(store.state.said).toContain('Average accuracy on validation 50.0');
    await actions.setThresholds({ many: 10, few: 5 });
    expect(store.state.slots.made).toEqual({});
    expect(store.state.slots.report).toEqual({});
  });

  it('chooses, and moves the sliders there', async () => {
    const { store, actions } = await ready({ make: () => MADE });
    await actions.search();
    expect(store.state.slots.search.value!.made).toBe(MADE);
    expect(store.state.slots.made.value).toBe(MADE);
    expect(store.state.sliders).toMatchObject({ method: 'additive', parameters: { additive: 0.5 } });
    await actions.addData('test', found('x.npz'));
    expect(store.state.slots.search).toEqual({});
  });

  it('says what to do about a class without samples', async () => {
    const { store, actions } = await ready({
      make: () => {
        throw new EngineError({ code: 'CLASS_MISSING', message: 'Class 2 has no sample.' });
      },
    });
    await actions.search();
    expect(store.state.slots.search.problem!.hint).toContain('Leave classes without');
  });

  it('fits heads one after the other, and forgets them with other counts', async () => {
    let id = 0;
    const { store, actions } = await ready({
      fit: ({ configuration }: Verbs['fit']['request']) => ({ id: ++id, method: configuration.method }),
      make: () => MADE,
    });
    await actions.fit({ method: 'ncm' });
    await actions.fit({ method: 'etf' });
    expect(store.state.fits.map(({ method }) => method)).toEqual(['ncm', 'etf']);
    await actions.setCounts({ kind: 'model' });
    expect(store.state.fits).toEqual([]);
  });
});
