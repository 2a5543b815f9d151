// What the rows Add, Mult and WB are, and what validation chose for them.

import { blockTitle, headOf } from '../aggregate.mjs';
import { METHODS } from '../names.mjs';

const PARAMETERS = { tau: 'τ', gamma: 'γ' };

/** Of the rows with logit adjustment. */
export const ADJUSTMENT_NOTE =
  'LA: Add: logits − τ log π. Mult: every row of the head brought to length π^−γ, as the paper has it. Mult (code): logits, with their ' +
  'bias, times π^−γ, as its published code has it; no row where both give the same. τ and γ are those with the best average on ' +
  'validation, for every model by itself.';

/** Of the rows WB. */
export const SECOND_STAGE_NOTE =
  'WB: the second stage on the features of WD, with β = 1 as in the paper; WB (code): with β = 0.9999, as in the published code of ' +
  'weight balancing.';

/**
 * @param {readonly import('../aggregate.mjs').Block[]} blocks
 * @param {readonly import('./accuracy.mjs').Line[]} lines
 * @returns {string[]}
 */
export function adjustmentNotes(blocks, lines) {
  const notes = [];
  const chosen = blocks.flatMap((block) => chosenIn(block, lines, blocks.length > 1));
  if (chosen.length > 0) notes.push(ADJUSTMENT_NOTE, `Chosen, seed by seed: ${chosen.join('; ')}.`);
  const second = lines.some(
    ({ method, head }) =>
      head.startsWith('wb') &&
      blocks.some(({ methods }) => methods.get(method)?.some((run) => headOf(run, head))),
  );
  return second ? [...notes, SECOND_STAGE_NOTE] : notes;
}

/** 'WD τ = 1.2, 1.1, γ = 0.2, 0.25', a value a seed. */
function chosenIn(block, lines, named) {
  const methods = [...new Set(lines.map(({ method }) => method))];
  const texts = methods.flatMap((method) => {
    const heads = lines.filter((line) => line.method === method && line.la !== 'N/A' && isShown(block, line));
    const values = heads.flatMap(({ head, la }) => {
      const runs = (block.methods.get(method) ?? []).map((run) => headOf(run, head)).filter(Boolean);
      return Object.entries(PARAMETERS).flatMap(([key, letter]) => {
        const list = runs.map(({ chosen }) => chosen[key]).filter((value) => value !== undefined);
        return list.length > 0 ? [`${la} ${letter} = ${list.join(', ')}`] : [];
      });
    });
    return values.length > 0 ? [`${METHODS[method]}: ${values.join(' and ')}`] : [];
  });
  if (texts.length === 0) return [];
  return [`${named ? `(${block.title}, ${blockTitle(block)}) ` : ''}${texts.join('; ')}`];
}

/**
 * Whether a row is worth showing: one that tells what the published code does is not where it does the same, which is so for rows of
 * equal length without a bias.
 * @param {import('../aggregate.mjs').Block | undefined} block @param {import('./accuracy.mjs').Line} line
 */
export function isShown(block, { method, extra }) {
  if (!extra) return true;
  return (block?.methods.get(method) ?? []).some((run) => {
    const [paper, code] = ['multiplicative', 'multiplicative-code'].map((name) => headOf(run, name));
    return code && JSON.stringify(code.test) !== JSON.stringify(paper?.test);
  });
}
