// Every table of the paper that has figures, in its order.

import { ACCURACY_TABLES } from './accuracy.mjs';
import { TABLE_2, TABLE_3 } from './batch-norm.mjs';
import { TABLE_4, TABLE_10 } from './random-layers.mjs';
import { TABLE_1 } from './ratios.mjs';

const [TABLE_5, TABLE_9, ...LATER] = ACCURACY_TABLES;

/** Tables 6 and 7 are the paper's notation, and Table 8 compares published methods in words. @type {import('./parts.mjs').TableMaker[]} */
export const TABLES = [TABLE_1, TABLE_2, TABLE_3, TABLE_4, TABLE_5, TABLE_9, TABLE_10, ...LATER];
