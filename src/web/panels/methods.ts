/** The methods of the sliders in words. */
import type { GridMethod } from '../../head/candidates.js';

/** What a method is called and does. */
export interface MethodFacts {
  readonly title: string;
  readonly symbol: string;
  /** The symbol as it is read out. */
  readonly spoken: string;
  readonly summary: string;
  readonly ends: readonly [string, string];
  /** What a value means, where it has a meaning of its own. */
  readonly meaning: (value: number) => string;
}

export const METHOD_FACTS: Readonly<Record<GridMethod, MethodFacts>> = {
  additive: {
    title: 'Additive',
    symbol: 'τ',
    spoken: 'tau',
    summary: 'Takes τ times the log frequency of a class from its logit (Menon et al. 2020).',
    ends: ['0, as it is', '2'],
    meaning: (value) => (value === 0 ? 'as it is' : value === 1 ? 'what Bayes’ rule says' : ''),
  },
  multiplicative: {
    title: 'Multiplicative',
    symbol: 'γ',
    spoken: 'gamma',
    summary: 'Multiplies the weights of a class by its frequency to the power −γ (Hasegawa & Sato 2024).',
    ends: ['0', '2'],
    meaning: () => '',
  },
  'tau-norm': {
    title: 'τ-norm',
    symbol: 'τ',
    spoken: 'tau',
    summary: 'Divides the weights of a class by their length to the power τ (Kang et al. 2020).',
    ends: ['0, as it is', '2'],
    meaning: (value) => (value === 1 ? 'all weights of the same length' : value === 0 ? 'as it is' : ''),
  },
};

/** In the order in which they are offered. */
export const SLIDER_METHODS: readonly GridMethod[] = ['additive', 'multiplicative', 'tau-norm'];
