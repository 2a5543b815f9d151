/** What the sliders say, in the words of the worker and of the live evaluation. */
import type { AdjustChoice, SearchChoice, TargetPrior } from './engine/protocol.js';
import type { LiveSettings } from './live/settings.js';
import { priorBetween } from './live/target-prior.js';
import { INITIAL_SLIDERS, type Sliders, type State } from './state.js';

/** The target prior that the sliders ask for; 'uniform' where the counts are not known. */
export function targetPriorOf({ sliders, slots }: Pick<State, 'sliders' | 'slots'>): TargetPrior {
  const counts = slots.counts.value?.counts;
  return sliders.ownPrior ?? (counts ? priorBetween(counts, sliders.priorExponent) : 'uniform');
}

/** Settings for the live evaluation. */
export function liveSettingsOf(state: Pick<State, 'sliders' | 'slots'>): LiveSettings {
  const { method, parameters, convention, temperature } = state.sliders;
  return {
    method,
    parameter: parameters[method],
    temperature,
    targetPrior: targetPriorOf(state),
    ...(method === 'multiplicative' && { convention }),
  };
}

/** What is to be made of the sliders. */
export function adjustChoiceOf(state: Pick<State, 'sliders' | 'slots'>): AdjustChoice {
  const { temperature, targetPrior, ...settings } = liveSettingsOf(state) as LiveSettings & {
    method: AdjustChoice['method'];
  };
  return {
    kind: 'adjust',
    ...settings,
    ...(temperature !== 1 && { temperature }),
    ...(targetPrior !== 'uniform' && { targetPrior: targetPrior as readonly number[] }),
  };
}

/** What the automatic choice is asked. */
export function searchChoiceOf(state: Pick<State, 'sliders' | 'slots' | 'search'>): SearchChoice {
  const { cautious, fitTemperature, fitted } = state.search;
  const targetPrior = targetPriorOf(state);
  return {
    kind: 'search',
    method: 'auto',
    apply: cautious ? 'significant' : 'always',
    fitted,
    ...(fitTemperature && { temperature: 'fit' }),
    ...(targetPrior !== 'uniform' && { targetPrior }),
  };
}

/** Whether the sliders leave the head as it is. */
export function isOriginal({ method, parameters, convention, temperature }: Sliders): boolean {
  const normalises = method === 'multiplicative' && convention === 'paper';
  return parameters[method] === 0 && !normalises && temperature === 1;
}

/** The sliders where they stood at first, with the same method. */
export function resetSliders({ method }: Sliders): Sliders {
  return { ...INITIAL_SLIDERS, method };
}

/** The sliders where a made model stands; as they are where its method has none. */
export function slidersOf(
  sliders: Sliders,
  { method, parameters }: { method: string; parameters: Readonly<Record<string, number | string>> },
): Sliders {
  if (method !== 'additive' && method !== 'multiplicative' && method !== 'tau-norm') return sliders;
  const value = method === 'multiplicative' ? parameters.gamma : parameters.tau;
  return {
    ...sliders,
    method,
    parameters: { ...sliders.parameters, [method]: Number(value) },
    convention: parameters.convention === 'paper' ? 'paper' : 'published-code',
    temperature: Number(parameters.temperature ?? 1),
  };
}
