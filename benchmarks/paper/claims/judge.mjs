// From figures to verdicts. A claim is a list of cases, one or more for every block of models that can answer it.

import { blocksOf, blockTitle, groupBy } from '../aggregate.mjs';
import { methodTitle } from '../names.mjs';
import { compare } from '../noise.mjs';

/**
 * @typedef {import('../aggregate.mjs').Block} Block
 * @typedef {import('../noise.mjs').Side & { title?: string }} Side
 * @typedef {'holds' | 'noise' | 'weaker' | 'against'} Outcome 'noise': no difference beyond noise; 'weaker': in the claim's direction, but less than it says
 *
 * @typedef {object} Case
 * @property {string} text the figures in words; may be '' where another case has them
 * @property {string} [rival] goes on the text: cases with the same text are told together
 * @property {string} about what of them was compared, for the reason
 * @property {Outcome} outcome
 * @property {string[]} [single] sides of which there is one seed
 * @property {'seeds' | 'test samples' | 'margin'} [noise] what a difference was held against
 * @typedef {{ lacks: string[] }} Lack what the claim speaks of and was not measured
 *
 * @typedef {object} ClaimMaker
 * @property {string} claim @property {string} source section and table of the paper
 * @property {readonly string[]} needs methods without which a block says nothing; none: one of `also`
 * @property {readonly string[]} [also] further methods that the claim speaks of
 * @property {(block: Block) => boolean} [where] blocks of which the claim speaks
 * @property {string} [whereTitle] in words, 'on data with a long tail'
 * @property {(block: Block) => (Case | Lack)[]} cases
 * @property {boolean} [most] whether it claims most cases only
 * @property {string} [rule] how the cases were judged, where that is not by noise
 *
 * @typedef {'held' | 'partly' | 'did not hold' | 'not measured'} Verdict
 * @typedef {{ claim: string, source: string, ours: string, verdict: Verdict, why: string }} Claim
 */

/** @param {ClaimMaker} maker @param {readonly import('../measurement.mjs').Measurement[]} measurements @returns {Claim} */
export function judge(maker, measurements) {
  const { claim, source, needs, also = [], where = () => true } = maker;
  const blocks = blocksOf(measurements, { methods: [...needs, ...also] })
    .filter(({ methods }) => needs.every((method) => methods.has(method)))
    .filter(where);
  const all = blocks.map((block) => ({ block, results: maker.cases(block) }));
  // A block with nothing to be compared says nothing, for or against, where another block does.
  const telling = all.filter(({ results }) => results.some((result) => !('lacks' in result)));
  const found = telling.length > 0 ? telling : all;
  const cases = found.flatMap(({ results }) => results.filter((result) => !('lacks' in result)));
  const lacks = found.flatMap(({ block, results }) => {
    const list = [...new Set(results.flatMap(({ lacks: what = [] }) => what))];
    return list.length > 0 ? [`${list.join(', ')} (${titleOf(block)})`] : [];
  });
  const verdict = verdictOf(cases, lacks, maker.most);
  return {
    ...{ claim, source, verdict },
    ours: found
      .map(({ block, results }) => ({ block, told: tell(results) }))
      .filter(({ told }) => told)
      .map(({ block, told }) => `${titleOf(block)}: ${told}.`)
      .join(' '),
    why: verdict === 'not measured' ? whyNot(maker, lacks) : reasons(maker, cases, lacks).join(' '),
  };
}

/** @param {Block} block */
const titleOf = (block) => `${block.title}, ${blockTitle(block)}`;

/** 'train FDR 61.4 (WD) against 12.3 (CE), 10.1 (CB); test FDR …' */
function tell(results) {
  const cases = results.filter(({ text }) => text);
  return [...groupBy(cases, ({ text }) => text)]
    .map(([text, same]) => {
      const rivals = same.map(({ rival }) => rival).filter(Boolean);
      return rivals.length > 0 ? `${text} against ${rivals.join(', ')}` : text;
    })
    .join('; ');
}

/** @returns {Verdict} */
function verdictOf(cases, lacks, most = false) {
  if (cases.length === 0) return 'not measured';
  const holding = cases.filter(({ outcome }) => outcome === 'holds').length;
  const whole = most ? holding > cases.length / 2 : holding === cases.length;
  // What speaks for a claim only as far as it was measured is not the whole claim.
  if (whole) return lacks.length > 0 ? 'partly' : 'held';
  const partial = cases.some(({ outcome }) => outcome === 'holds' || outcome === 'weaker');
  return partial ? 'partly' : 'did not hold';
}

function whyNot({ needs, also, whereTitle = '' }, lacks) {
  if (lacks.length > 0) return `Not measured: ${lacks.join(', ')}.`;
  if (needs.length === 0) return `There is no model of ${also.map(methodTitle).join(' or ')} ${whereTitle}.`;
  if (needs.length === 1)
    return `There is no model of ${methodTitle(needs[0])} ${whereTitle}`.trim().concat('.');
  const models = needs.map(methodTitle).join(' and ');
  return `There are no models of ${models} ${whereTitle} that share data, network and epochs.`;
}

const BEYOND = ['', ' in both comparisons'];

function reasons({ rule, most }, cases, lacks) {
  const of = (outcome) => cases.filter((one) => one.outcome === outcome);
  const list = (some) => [...new Set(some.map(({ about }) => about))].join(', ');
  const [holding, noise, weaker, against] = ['holds', 'noise', 'weaker', 'against'].map(of);
  const single = [...new Set(cases.flatMap((one) => one.single ?? []))];
  const sentences = [];
  if (rule) sentences.push(rule);
  if (holding.length === cases.length) {
    if (!rule)
      sentences.push(`Beyond noise${BEYOND[cases.length - 1] ?? ` in all ${cases.length} comparisons`}.`);
  } else if (most || cases.length > 1) {
    sentences.push(`So in ${holding.length} of ${cases.length} cases.`);
  }
  if (noise.length > 0) sentences.push(`Within noise, so neither shown nor refuted: ${list(noise)}.`);
  if (weaker.length > 0) sentences.push(`Less than claimed: ${list(weaker)}.`);
  if (against.length > 0) sentences.push(`Not so: ${list(against)}.`);
  if (lacks.length > 0) sentences.push(`Not measured: ${lacks.join(', ')}.`);
  if (single.length > 0) sentences.push(`One seed of ${single.join(', ')}.`);
  return sentences;
}

/**
 * The left side is expected to have more (or less) than the right one.
 * @param {Block} block @param {Side} left @param {'more' | 'less'} expected @param {Side} right @returns {Case | Lack}
 */
export function expect(block, left, expected, right) {
  const comparison = compare(block, left, right);
  const [leftTitle, rightTitle] = [left, right].map(({ title, method }) => title ?? methodTitle(method));
  if (!comparison) {
    return { lacks: lacking(block, [left, right]) };
  }
  const { outcome, means, seeds, noise } = comparison;
  const [a, b] = [left, right].map(({ figure }, i) => figure.format(means[i]));
  return {
    text: `${left.figure.name} ${a} (${leftTitle})`,
    rival: `${b} (${rightTitle})`,
    about: `${left.figure.name} of ${leftTitle} against ${rightTitle}`,
    outcome: outcome === expected ? 'holds' : outcome === 'same' ? 'noise' : 'against',
    single: [leftTitle, rightTitle].filter((_, i) => seeds[i] === 1),
    noise,
  };
}

/** Methods without a model, or else figures that their models have not. */
function lacking({ methods }, sides) {
  const missing = ({ method, figure }) =>
    !methods.get(method)?.some((run) => typeof figure.pick(run) === 'number');
  return sides
    .filter(missing)
    .map(({ method, figure, title = methodTitle(method) }) =>
      methods.has(method) ? `${figure.name} of ${title}` : title,
    );
}

/** Sides of which there is one seed, for cases that are judged otherwise. @param {Block} block @param {string} method */
export const singleOf = ({ methods }, method) =>
  methods.get(method).length === 1 ? [methodTitle(method)] : [];
