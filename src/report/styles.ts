/** Style sheets. Colours stand in them as they are: many programs that draw SVG know no custom properties. */
import { GROUPS } from '../evaluation/groups.js';
import { COSINE_STEPS, cosineClass, cosineColour, DARK, LIGHT, mix, type Palette } from './palette.js';

/** Dark is for screens only: paper is white. */
const WHEN_DARK = '@media screen and (prefers-color-scheme: dark)';

export const FONTS = `system-ui,-apple-system,"Segoe UI","Helvetica Neue",Arial,"Noto Sans",sans-serif`;

/** Rules of the plots, for a page or a file of its own. */
export function plotStyles(): string {
  return `${PLOT_SHAPES}${plotColours(LIGHT)}${WHEN_DARK}{${plotColours(DARK)}}`;
}

const PLOT_SHAPES = `
.plot text{font:12px ${FONTS};font-variant-numeric:tabular-nums}
.plot .title{font-size:15px;font-weight:600}
.plot .tick,.plot .small,.plot .cell{font-size:11px}
.plot .strong{font-weight:600}
.plot .grid{stroke-width:1}
.plot .axis{stroke-width:1}
.plot .thin{fill:none;stroke-width:1.25}
.plot .line{fill:none;stroke-width:2;stroke-linejoin:round}
.plot .dash{stroke-dasharray:4 3}
.plot .dot{fill:currentColor;stroke-width:1}
.plot .ring{stroke:currentColor;stroke-width:1.6}
.plot .fill{fill:currentColor}
.plot .stroke{fill:none;stroke:currentColor;stroke-width:1.6}
.plot .band{fill:currentColor;fill-opacity:.16}
.plot .cloud{fill:none;stroke:currentColor;stroke-width:3;stroke-linecap:round;stroke-opacity:.28}
`;

function plotColours(palette: Palette): string {
  const { paper, ink, muted, axis, grid, back, accent } = palette;
  const steps = Array.from({ length: 2 * COSINE_STEPS + 1 }, (_, i) => i - COSINE_STEPS);
  return [
    `.plot text{fill:${ink}}`,
    `.plot .tick,.plot .label,.plot .small{fill:${muted}}`,
    `.plot .paper{fill:${paper}}`,
    `.plot .gap{stroke:${paper};fill:none;stroke-width:2}`,
    `.plot .dot{stroke:${paper}}`,
    `.plot .ring{fill:${paper}}`,
    `.plot .grid{stroke:${grid}}`,
    `.plot .axis{stroke:${axis};fill:none}`,
    `.plot .back{fill:${back}}`,
    `.plot .accent{color:${accent}}`,
    `.plot .muted{color:${muted}}`,
    ...GROUPS.map((group) => `.plot .${group}{color:${palette[group]}}`),
    ...GROUPS.map((group) => `.plot .${group}-soft{fill:${mix(paper, palette[group], 0.28)}}`),
    `.plot .on-fill{fill:${paper}}`,
    `.plot .on-near{fill:${ink}}`,
    // Half-way colours are the same on both pages.
    `.plot .on-half{fill:${DARK.paper}}`,
    `.plot .on-far{fill:${paper}}`,
    ...steps.map((step) => `.plot .${cosineClass(step)}{fill:${cosineColour(step, palette)}}`),
  ].join('');
}

/** Rules for what is drawn in colours beside the palette's: class → colours on the light and on the dark page. */
export function colourStyles(
  colours: Readonly<Record<string, readonly [light: string, dark: string]>>,
): string {
  const rules = (page: 0 | 1) =>
    Object.entries(colours)
      .map(([name, pair]) => `.plot .${name}{color:${pair[page]}}`)
      .join('');
  return `${rules(0)}${WHEN_DARK}{${rules(1)}}`;
}

/** The page around the plots. */
export function pageStyles(): string {
  return `${PAGE_SHAPES}${pageColours(LIGHT)}${WHEN_DARK}{${pageColours(DARK)}}${PRINT}`;
}

const PAGE_SHAPES = `
:root{color-scheme:light dark}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;font:16px/1.55 ${FONTS};font-variant-numeric:tabular-nums}
.page{max-width:1080px;margin:0 auto;padding:48px 24px 64px}
h1,h2,h3,p,ul,dl,dd,figure{margin:0;padding:0}
h1{font-size:15px;font-weight:600;overflow-wrap:anywhere}
h2{font-size:20px;font-weight:600;line-height:1.3;letter-spacing:-.005em;margin-bottom:20px}
h3{font-size:15px;font-weight:600;line-height:1.4;overflow-wrap:anywhere}
section{margin-top:56px;padding-top:20px;border-top:1px solid}
section>p,.lead{max-width:68ch;overflow-wrap:anywhere}
.kind{font-size:13px}
.verdict{font-size:30px;line-height:1.25;font-weight:600;letter-spacing:-.015em;max-width:26em;margin-top:20px;text-wrap:balance}
.lead{margin-top:12px;font-size:17px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,228px),1fr));gap:0 32px;margin-top:36px}
.tile{padding:14px 0 18px;border-top:1px solid;overflow-wrap:anywhere}
.tile dt{font-size:13px}
.tile .value{font-size:25px;line-height:1.35;font-weight:600;letter-spacing:-.01em}
.tile .value .from{font-weight:400}
.tile .more{font-size:13px}
.tile .gloss{font-size:13px;line-height:1.45;margin-top:4px}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,400px),1fr));gap:40px 48px;align-items:start}
.plots+.plots,.plots+.table,.table+.plots,section>.table+.table{margin-top:40px}
.plots+p{margin-top:28px}
.tall{grid-row:span 2}
figure,.table{min-width:0}
figure .plot{display:block;width:100%;max-width:580px;height:auto;margin-top:10px}
figcaption{font-size:14px;line-height:1.5;margin-top:8px;max-width:62ch;overflow-wrap:anywhere}
.advice{list-style:none;display:grid;gap:22px}
.advice li{display:grid;grid-template-columns:92px 1fr;gap:4px 20px;max-width:860px}
.advice .sort{font-size:13px;font-weight:600;padding-top:2px}
.advice .source{font-size:13px;margin-top:2px}
.advice p{overflow-wrap:anywhere}
.advice strong{font-weight:600}
code{font:.92em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.table{overflow-x:auto}
table{border-collapse:collapse;font-size:14px;line-height:1.4}
caption{text-align:left;font-weight:600;font-size:15px;padding-bottom:8px}
th,td{text-align:right;padding:6px 0 6px 18px;border-bottom:1px solid;vertical-align:baseline;white-space:nowrap}
th:first-child,td:first-child{padding-left:0}
th{font-weight:400;font-size:13px;white-space:normal;vertical-align:bottom}
td.text,th.text{text-align:left;white-space:normal;min-width:7em;overflow-wrap:anywhere}
td.prose{min-width:16em;max-width:52ch}
details{margin-top:28px}
summary{cursor:pointer;font-size:15px;font-weight:600}
details .table{margin-top:14px}
.remarks{padding-left:1.1em;display:grid;gap:8px;max-width:76ch;overflow-wrap:anywhere}
.advice+.remarks{margin-top:28px}
.table+p{margin-top:20px}
.note{font-size:13px;margin-top:6px;max-width:62ch}
.provenance{display:grid;grid-template-columns:minmax(110px,max-content) 1fr;gap:6px 24px;font-size:14px}
.provenance dd{overflow-wrap:anywhere}
a{color:inherit}
@media (max-width:560px){
.page{padding:28px 16px 48px}
.verdict{font-size:24px}
.lead{font-size:16px}
section{margin-top:44px}
.tiles{grid-template-columns:1fr 1fr;gap:0 20px}
.tile .value{font-size:20px}
.advice li{grid-template-columns:1fr}
.provenance{grid-template-columns:1fr;gap:0}
.provenance dd{margin-bottom:10px}
th,td{padding-left:16px}
td.prose{min-width:13em}
}
`;

function pageColours({ paper, ink, muted, grid, axis, many, few }: Palette): string {
  return [
    `body{background:${paper};color:${ink}}`,
    `.kind,.tile dt,.tile .more,.tile .gloss,figcaption,.advice .source,th,.provenance dt,.note,.tile .from{color:${muted}}`,
    `section,.tile{border-color:${axis}}`,
    `th,td{border-color:${grid}}`,
    // Marks are larger than letters: these need more contrast.
    `.problem{color:${mix(few, ink, 0.2)}}`,
    `.caution{color:${ink}}`,
    `.good{color:${many}}`,
  ].join('');
}

const PRINT = `
@page{margin:14mm}
@media print{
body{font-size:9.5pt;print-color-adjust:exact;-webkit-print-color-adjust:exact}
.page{max-width:none;padding:0}
.verdict{font-size:19pt;margin-top:8pt}
.lead{font-size:11pt}
h2{font-size:13pt;margin-bottom:10pt}
h3,caption,summary,.provenance{font-size:10pt}
.tiles{grid-template-columns:repeat(4,1fr);gap:0 16pt;margin-top:16pt}
.tile{padding:8pt 0 10pt}
.tile .value{font-size:12.5pt}
.tile dt,.tile .more,.tile .gloss,.note,.advice .source,.advice .sort{font-size:8pt}
.plots{grid-template-columns:1fr 1fr;gap:18pt 20pt}
.plots .table{grid-column:1/-1}
figcaption,table{font-size:8.5pt}
th{font-size:8pt}
th,td{padding:3pt 0 3pt 14pt}
.table{overflow:visible}
section{margin-top:22pt;padding-top:10pt}
.plots+.plots,.plots+.table,.table+.plots,section>.table+.table{margin-top:18pt}
figure,.tile,.advice li,tr{break-inside:avoid}
h2,h3,caption,thead{break-after:avoid}
thead{display:table-header-group}
}
`;
