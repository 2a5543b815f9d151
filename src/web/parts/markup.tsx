/** Markup of the report inside of the page: plots and tables, drawn by the same hand. */
import { useMemo } from 'preact/hooks';
import { inlineSvg, type Plot } from '../../report/chart.js';
import type { Table } from '../../report/table.js';
import { tableHtml } from '../../report/table-html.js';
import type { PlotFacts } from '../engine/protocol.js';
import { type EmbeddedPlot, embedPlot } from './embed-plot.js';

/** The report's markup is well-formed and escaped by construction; see src/report/markup.ts. */
function Raw({ html, ...rest }: { readonly html: string; readonly class?: string }) {
  return <div {...rest} dangerouslySetInnerHTML={{ __html: html }} />;
}

/** A table of the report. */
export function ReportTable({ table }: { readonly table: Table }) {
  const html = useMemo(() => tableHtml(table).source, [table]);
  return <Raw html={html} class="raw" />;
}

export interface PagePlotProps {
  readonly draw: () => Plot;
  /** What it is drawn of: as long as these are the same, so is the plot. */
  readonly of: readonly unknown[];
  /** Where what is around it says what it is. */
  readonly untitled?: boolean;
}

/** A plot that is drawn in the page. */
export function PagePlot({ draw, of, untitled }: PagePlotProps) {
  const plot = useMemo(() => {
    const { title, caption, height, ...rest } = draw();
    return { title, caption, height, svg: inlineSvg({ title, caption, height, ...rest }).source };
  }, of);
  return <FigureOf plot={plot} untitled={untitled} />;
}

/** A plot that the worker has drawn. `place` keeps names apart where the same plot is shown twice. */
export function WorkerPlot({ plot, place }: { readonly plot: PlotFacts; readonly place: string }) {
  return <FigureOf plot={embedPlot(plot, place)} />;
}

interface FigureProps {
  readonly plot: EmbeddedPlot;
  readonly untitled?: boolean;
}

function FigureOf({ plot: { title, caption, svg, height }, untitled }: FigureProps) {
  return (
    <figure class={height > 560 ? 'tall' : undefined}>
      {!untitled && <h3>{title}</h3>}
      <Raw html={svg} />
      {caption && !untitled && <figcaption>{caption}</figcaption>}
    </figure>
  );
}
