// Tables 5, 9 and 11 to 16: Fisher's ratio and accuracy, by method and logit adjustment.

import { blocksOf, blockTitle, headOf, over } from '../aggregate.mjs';
import { cutOf, isOf, METHODS, networkTitle, SETS } from '../names.mjs';
import { adjustmentNotes, isShown } from './adjustments.mjs';
import { NO_DATA, percentCell, ratioCell } from './format.mjs';
import { ACCURACY_NOTE, CENTRE_NOTE, describeBlock, SEEDS_NOTE, slotsOf } from './parts.mjs';

const GROUPS = ['many', 'medium', 'few', 'average'];
const FIGURES = ['FDR train', 'FDR test', 'Many', 'Medium', 'Few', 'Average'];

/**
 * @typedef {object} Line one row for every block
 * @property {string} method whose models it is made from @property {string} la @property {string} head
 * @property {string} [title] where it is not the method's
 * @property {boolean} [extra] only where it differs from the line before
 */

/** @param {string} method @returns {Line} */
const plain = (method) => ({ method, la: 'N/A', head: 'none' });

/** As it was trained, and adjusted with what validation chose. @param {string} method @returns {Line[]} */
const adjusted = (method) => [
  plain(method),
  { method, la: 'Add', head: 'additive' },
  { method, la: 'Mult', head: 'multiplicative' },
  { method, la: 'Mult (code)', head: 'multiplicative-code', extra: true },
];

/** The second stage, on the features of WD. @type {Line[]} */
const WB = [
  { method: 'ce-wd', la: 'N/A', head: 'wb', title: 'WB' },
  { method: 'ce-wd', la: 'N/A', head: 'wb-published', title: 'WB (code)' },
];

const MAIN = [
  plain('ce'),
  plain('cb'),
  adjusted('ce-wd'),
  WB,
  adjusted('wd-etf'),
  adjusted('wd-fr-etf'),
].flat();
const RESTRICTED = [adjusted('wd-without-bn-etf'), adjusted('wd-fixed-bn-etf')].flat();
const EVERYTHING = [
  ...[MAIN, plain('cb-wd'), adjusted('wd-without-bn'), adjusted('wd-fixed-bn'), RESTRICTED].flat(),
  plain('wd-etf-dr'),
];

/** @returns {import('./parts.mjs').TableMaker} */
const table = (name, title, sets, lines, notes = []) => ({
  ...{ name, title },
  render: (collection) => {
    const { slots, missing, blockNotes } = slotsOf(collection, sets, { methods: methodsOf(lines) });
    const [{ block: only }] = slots;
    return accuracyTable({
      ...{ name, lines, slots, missing },
      title: slots.length === 1 && only ? `${title}: ${blockTitle(only)}` : title,
      notes: [...blockNotes, ...notes],
    });
  },
});

const OTHERS_TITLE = 'As Table 5, for what the paper does not have';

/** @type {import('./parts.mjs').TableMaker} */
const OTHERS = {
  name: 'others',
  title: OTHERS_TITLE,
  render: ({ measurements }) => {
    const sets = Object.values(SETS);
    const blocks = blocksOf(measurements, {
      // What is not long-tailed has nothing to adjust.
      matches: (model) =>
        !sets.some((set) => isOf(model, set)) && !(model.dataset === 'mnist' && cutOf(model) === 0),
      methods: methodsOf(EVERYTHING),
    });
    const slots = blocks.map((block) => ({ block, set: { title: block.title }, noData: false }));
    return accuracyTable({
      ...{ name: 'others', title: OTHERS_TITLE, lines: EVERYTHING, slots, onlyPresent: true },
      missing: blocks.length > 0 ? blocks.flatMap(({ leftOut }) => leftOut) : ['Nothing else was measured.'],
      notes: blocks.map((block) => `${describeBlock(block)}.`),
    });
  },
};

function accuracyTable({ name, title, lines, slots, notes, missing, onlyPresent = false }) {
  const named = {
    data: onlyPresent || new Set(slots.map(({ set }) => set.title)).size > 1,
    network: onlyPresent || slots.some(({ alone }) => !alone),
  };
  const blocks = slots.map(({ block }) => block).filter(Boolean);
  const rows = slots.flatMap(({ set, block, noData }) => {
    const network = networkTitle(block?.network ?? set.network);
    const start = [...(named.data ? [set.title] : []), ...(named.network ? [network] : [])];
    if (noData) return [[...start, 'all methods', NO_DATA, ...FIGURES.map(() => NO_DATA)]];
    return lines
      .filter(
        ({ method, head }) => !onlyPresent || block.methods.get(method)?.some((run) => headOf(run, head)),
      )
      .filter((line) => isShown(block, line))
      .map((line) => [...start, ...rowOf(block, line)]);
  });
  return {
    ...{ name, title, rows },
    columns: [
      ...(named.data ? ['Dataset'] : []),
      ...(named.network ? ['Network'] : []),
      'Method',
      'LA',
      ...FIGURES,
    ],
    notes: [
      ...notes,
      ...(blocks.length > 0
        ? [CENTRE_NOTE, ACCURACY_NOTE, ...adjustmentNotes(blocks, lines), SEEDS_NOTE]
        : []),
    ],
    missing: [...missing, ...blocks.flatMap(emptyGroups)],
  };
}

function rowOf(block, { method, la, head, title = METHODS[method] }) {
  const runs = block?.methods.get(method);
  return [
    ...[title, la],
    ...['train', 'test'].map((part) => ratioCell(over(runs, (run) => run[part].fdr.samples))),
    ...GROUPS.map((group) => percentCell(over(runs, (run) => headOf(run, head)?.test[group]))),
  ];
}

const methodsOf = (lines) => [...new Set(lines.map(({ method }) => method))];

/** Why a column of a block is empty. @param {import('../aggregate.mjs').Block} block */
function emptyGroups({ title, methods }) {
  const [[{ groups, thresholds }]] = methods.values();
  const rules = {
    many: `more than ${thresholds.many}`,
    medium: `${thresholds.few} to ${thresholds.many}`,
    few: `fewer than ${thresholds.few}`,
  };
  return Object.entries(rules)
    .filter(([group]) => !groups.includes(group))
    .map(([group, rule]) => `${title}: no class has ${rule} training samples, so that ${group} is empty.`);
}

const DOT_REGRESSION = [plain('wd-etf'), plain('wd-etf-dr')];
const NO_NAME_IN_TEXT = 'The text of the paper at hand does not name the data set of Table 9.';

export const ACCURACY_TABLES = [
  table('table5', 'Table 5. FDR and accuracy on CIFAR100-LT', [SETS.c100lt], MAIN),
  table(
    'table9',
    'Table 9. WD&ETF with cross-entropy and with dot regression (DR)',
    [SETS.c100lt, SETS.c10lt],
    DOT_REGRESSION,
    [NO_NAME_IN_TEXT],
  ),
  table('table11', 'Table 11. Restricted WD on CIFAR100-LT', [SETS.c100lt], RESTRICTED),
  table('table12', 'Table 12. FDR and accuracy on CIFAR10-LT', [SETS.c10lt], [...MAIN, ...RESTRICTED]),
  table('table13', 'Table 13. FDR and accuracy on mini-ImageNet-LT', [SETS.miniLt], [...MAIN, ...RESTRICTED]),
  table('table14', 'Table 14. FDR and accuracy on ImageNet-LT', [SETS.imagenetLt], MAIN),
  table('table15', 'Table 15. FDR and accuracy on CIFAR100-LT with ResNeXt50', [SETS.c100ltNext], MAIN),
  table('table16', 'Table 16. FDR and accuracy on Helena, a table', [SETS.helena], MAIN),
  OTHERS,
];
