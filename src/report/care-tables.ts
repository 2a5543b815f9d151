/** What is missing, and what should not be relied on. */
import type { SmallClass } from '../diagnostics/diagnostics.js';
import { type ReportContent, setsOf } from './content.js';
import type { Table } from './table.js';
import { figure, fitText } from './words.js';

/** Classes whose figures mean little, put together by which figures those are. */
export function smallClassTables(content: ReportContent): Table[] {
  return setsOf(content).flatMap(({ setName, diagnostics: { smallClasses } }) => {
    if (smallClasses.length === 0) return [];
    const byFigures = new Map<string, SmallClass[]>();
    for (const small of smallClasses) {
      const key = small.figures.join(', ');
      const same = byFigures.get(key);
      if (same) same.push(small);
      else byFigures.set(key, [small]);
    }
    return [
      {
        title: `Classes with few samples in ${setName}`,
        header: ['do not read', 'classes', 'samples', 'which'],
        rows: Array.from(byFigures, ([figures, list]) => {
          const low = list.reduce((least, { samples }) => Math.min(least, samples), Number.POSITIVE_INFINITY);
          const high = list.reduce((most, { samples }) => Math.max(most, samples), 0);
          return [
            figures,
            figure(list.length),
            low === high ? figure(low) : `${figure(low)} … ${figure(high)}`,
            listed(list.map(({ class: k, name }) => name ?? `${k}`)),
          ];
        }),
        prose: [3],
        note: 'For these classes the figures named on the left say more about the draw of samples than about the class.',
      },
    ];
  });
}

/** Names are listed up to here; the JSON has all. */
const MOST_LISTED = 12;

function listed(names: readonly string[]): string {
  const shown = names.slice(0, MOST_LISTED).map((name) => fitText(name, 20));
  return names.length > MOST_LISTED
    ? `${shown.join(', ')}, … ${names.length - MOST_LISTED} more`
    : shown.join(', ');
}

/** Figures that are not there. */
export function missingTables(content: ReportContent): Table[] {
  return setsOf(content).flatMap(({ setName, diagnostics: { missing, batchNorm, layers } }) => {
    const rows = [
      ...missing.map(({ figure: path, reason }) => [path, reason]),
      ...(batchNorm?.reason ? [['batchNorm', batchNorm.reason]] : []),
      ...(batchNorm?.refused ?? []).map(({ name, reason }) => [`batchNorm ${name}`, reason]),
      ...(layers?.skipped ?? []).map(({ tensor, reason }) => [`layers ${tensor}`, reason]),
    ];
    if (rows.length === 0) return [];
    return [
      {
        title: `Not measured on ${setName}`,
        header: ['figure', 'reason'],
        rows: rows.slice(0, MOST_MISSING),
        prose: [1],
        note: rows.length > MOST_MISSING ? `Not listed: ${rows.length - MOST_MISSING} more.` : undefined,
      },
    ];
  });
}

/** Longer lists are for the JSON. */
const MOST_MISSING = 60;
