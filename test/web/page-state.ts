/** States of the page, and actions that only remember that they were asked for. */
import { defaultThresholds, groupClasses } from '../../src/evaluation/groups.js';
import type { Actions } from '../../src/web/actions/actions.js';
import type { CountsFacts, DataFacts, ModelFacts, Role } from '../../src/web/engine/protocol.js';
import { initialState, type SlotName, type Slots, type State } from '../../src/web/state.js';

/** What a model of `classes` classes says of itself. */
export function modelFacts(classes: number, change: Partial<ModelFacts> = {}): ModelFacts {
  const head = {
    output: 'logits',
    kind: 'gemm',
    classes,
    dimensions: 4,
    bias: true,
    dtype: 'float32',
    features: 'f',
    activation: 'none',
    norms: { min: 0.5, max: 2 },
  } as const;
  return {
    name: 'm.onnx',
    description: {
      model: { sha256: '0123456789abcdef0123', bytes: 1234, opset: 17, producer: 'tests' },
      inputs: [],
      outputs: [],
      heads: [head],
      refused: [],
      problems: [],
    },
    head: {
      output: 'logits',
      classes,
      dimensions: 4,
      onLogits: false,
      norms: new Float64Array(classes).fill(1),
      bias: new Float64Array(classes),
    },
    notes: [],
    ...change,
  };
}

export function countsFacts(counts: readonly number[], from = 'typed'): CountsFacts {
  const thresholds = defaultThresholds(counts.length);
  return {
    counts,
    thresholds,
    groups: groupClasses(counts, thresholds),
    imbalanceFactor: Math.max(...counts) / Math.min(...counts),
    from,
  };
}

export function dataFacts(role: Role, counts: readonly number[], change: Partial<DataFacts> = {}): DataFacts {
  const samples = counts.reduce((a, b) => a + b, 0);
  return {
    role,
    name: `${role}.npz`,
    samples,
    dimensions: 4,
    counts,
    from: 'features',
    notes: [],
    ...change,
  };
}

/** An empty page with these slots filled. */
export function stateWith(
  slots: { [N in SlotName]?: State['slots'][N] },
  change: Partial<State> = {},
): State {
  const state = initialState();
  return { ...state, slots: { ...state.slots, ...slots }, ...change };
}

/** A model, validation data and counts of three classes: everything that sliders and choice need. */
export function readySlots(): { [N in 'model' | 'validation' | 'counts']: { value: Slots[N] } } {
  return {
    model: {
      value: { facts: modelFacts(3), file: { name: 'm.onnx', data: new Uint8Array() }, sideFiles: [] },
    },
    validation: { value: dataFacts('validation', [2, 2, 2]) },
    counts: { value: countsFacts([2000, 500, 100]) },
  };
}

/** Actions that do nothing. */
export const NO_ACTIONS = new Proxy({} as Actions, { get: () => () => Promise.resolve() });
