/** Settings of each method that are worth a field; the others stay as they were published. */
import type { FitConfiguration } from '../../head/fit-configuration.js';
import { type FitMethod, RECIPES } from '../../head/recipes.js';

type NumberSetting = 'epochs' | 'learningRate' | 'weightDecay' | 'beta' | 'power' | 'maxIterations';

/** A number that can be set. */
export interface FitField {
  readonly setting: NumberSetting;
  readonly label: string;
  /** What is used where the field is left empty. */
  readonly usual: number | undefined;
}

const LABELS: Readonly<Record<NumberSetting, string>> = {
  epochs: 'epochs',
  learningRate: 'learning rate',
  weightDecay: 'weight decay λ',
  beta: 'β of the class-balanced loss',
  power: 'τ',
  maxIterations: 'steps at most',
};

const SETTINGS: Readonly<Record<FitMethod, readonly NumberSetting[]>> = {
  linear: ['weightDecay', 'maxIterations'],
  wb: ['epochs', 'learningRate', 'weightDecay', 'beta'],
  'wb-norm': ['epochs', 'learningRate', 'weightDecay', 'beta'],
  etf: [],
  ncm: [],
  lws: ['beta', 'maxIterations'],
  'tau-norm': ['power'],
};

const USUAL: Partial<Record<NumberSetting, number>> = { power: 1, maxIterations: 500 };

/** The fields of a method. */
export function fitFields(method: FitMethod): FitField[] {
  const defaults: Partial<FitConfiguration> = RECIPES[method].defaults;
  return SETTINGS[method].map((setting) => ({
    setting,
    label: LABELS[setting],
    usual: setting === 'maxIterations' && method === 'lws' ? 200 : (defaults[setting] ?? USUAL[setting]),
  }));
}

/** The configuration that the fields say; empty ones are left to the recipe. */
export function configurationOf(
  method: FitMethod,
  drafts: Readonly<Record<string, string>>,
): FitConfiguration {
  const given = fitFields(method).flatMap(({ setting }) => {
    const text = drafts[`${method} ${setting}`]?.trim();
    return text ? [[setting, Number(text)]] : [];
  });
  return { method, ...Object.fromEntries(given) };
}
