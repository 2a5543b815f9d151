/** The report's styles and colours for the page: what is drawn here and there is of one hand. */
import { DARK, LIGHT, mix, type Palette } from '../report/palette.js';
import { pageStyles, plotStyles } from '../report/styles.js';

/** As a constructed sheet, which no content policy stands against. In a layer of its own, so that style.css has the last word. */
export function adoptStyles(document: Document): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`@layer report{${pageStyles()}${plotStyles()}}${variables()}`);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}

/** The palette as custom properties for style.css. */
function variables(): string {
  return `:root{${declarations(LIGHT)}}@media (prefers-color-scheme: dark){:root{${declarations(DARK)}}}`;
}

function declarations(palette: Palette): string {
  const { paper, panel, ink, muted, axis, grid, back, many, medium, few, accent } = palette;
  const soft = (colour: string) => mix(paper, colour, 0.28);
  const colours = {
    ...{ paper, panel, ink, muted, axis, grid, back, many, medium, few, accent },
    'many-soft': soft(many),
    'medium-soft': soft(medium),
    'few-soft': soft(few),
    'accent-soft': soft(accent),
    trouble: mix(paper, few, 0.1),
    /** Letters, which need more contrast than marks. */
    problem: mix(few, ink, 0.2),
    /** Around what can be typed into or pressed. */
    edge: mix(axis, ink, 0.25),
  };
  return Object.entries(colours)
    .map(([name, colour]) => `--${name}:${colour};`)
    .join('');
}
