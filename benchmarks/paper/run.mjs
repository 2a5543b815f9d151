#!/usr/bin/env node
// The tables and figures of the paper, from every model at hand; docs/reproduction.md says how to read them.
//
//   npm run paper -- NAME… [--data DIR] [--models DIR]… [--dataset NAME] [--threads N] [--fresh] [--out DIR] [--docs]
//
// NAME is table1, …, figures, claims or all. The tables are printed; with `all` they are also written, with everything that was
// measured, to benchmarks/results/paper.json and paper.md, and the figures to docs/images/paper.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../feature-sets.mjs';
import { describeMachine, machineFacts } from '../machine.mjs';
import { markdownTable } from '../table.mjs';
import { measurementCache } from './cache.mjs';
import { CLAIMS_TITLE, claimsTable } from './claims.mjs';
import { openData, PAPER_DATA_SETS, whyNoData } from './data.mjs';
import { FIGURES } from './figures/index.mjs';
import { measure } from './measure.mjs';
import { findModels } from './models.mjs';
import { fillMarkers } from './reproduction.mjs';
import { TABLES } from './tables/index.mjs';
