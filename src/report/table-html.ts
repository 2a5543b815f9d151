/** A table of a report in HTML. */
import { element, escapeText, Markup } from './markup.js';
import type { Table } from './table.js';
import { isolate } from './words.js';

/** A table; what is wider than the screen can be scrolled. */
export function tableHtml({ title, header, rows, prose = [], note }: Table): Markup {
  const style = (column: number) =>
    column === 0 ? 'text' : prose.includes(column) ? 'text prose' : undefined;
  // Thousands of cells: strings put together here, rather than through `element`.
  const cells = rows.map((row) => {
    const columns = row.map((cell, c) => {
      const kind = style(c);
      return `<td${kind ? ` class="${kind}"` : ''}>${escapeText(isolate(cell))}</td>`;
    });
    return `<tr>${columns.join('')}</tr>`;
  });
  return element(
    'div',
    { class: 'table' },
    element(
      'table',
      {},
      element('caption', {}, isolate(title)),
      element(
        'thead',
        {},
        element(
          'tr',
          {},
          ...header.map((name, c) =>
            // A header without words is none.
            name === '' ? element('td') : element('th', { class: style(c), scope: 'col' }, isolate(name)),
          ),
        ),
      ),
      new Markup(`<tbody>${cells.join('\n')}</tbody>`),
    ),
    note !== undefined && element('p', { class: 'note' }, isolate(note)),
  );
}
