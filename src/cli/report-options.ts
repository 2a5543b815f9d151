/** --report, --markdown and --svg: where a report goes, for the commands that have something to show. */
import type { Command } from 'commander';
import { platform } from '#platform';
import { TailorError } from '../array/errors.js';
import type { ReportContent } from '../report/content.js';
import { reportHtml } from '../report/html.js';
import { reportMarkdown } from '../report/markdown.js';
import { reportPlots } from '../report/plots.js';
import { assertFree, type ReadPaths } from './output.js';

export interface ReportOptions {
  readonly report?: string;
  readonly markdown?: string;
  readonly svg?: string;
}

export function addReportOptions(command: Command): Command {
  return command
    .option('--report <file>', 'a page with plots, advice and tables: one .html that needs nothing else')
    .option('--markdown <file>', 'the tables and the advice as Markdown')
    .option('--svg <folder>', 'every plot as an .svg of its own; the folder is made where it is missing');
}

export function wantsReports({ report, markdown, svg }: ReportOptions): boolean {
  return (report ?? markdown ?? svg) !== undefined;
}

/** Refuses before the work what could not be written after it. */
export async function assertReportsFree(
  { report, markdown, svg }: ReportOptions,
  force: boolean | undefined,
  reads: ReadPaths,
): Promise<void> {
  for (const path of [report, markdown]) if (path !== undefined) await assertFree(path, force, reads);
  if (report !== undefined && report === markdown) {
    throw new TailorError('FILE_EXISTS', `Writing ${report}: both the page and the Markdown would go there.`);
  }
  if (svg === undefined) return;
  const found = await platform.info(svg);
  if (found && found.kind !== 'folder') {
    throw new TailorError(
      'FILE_UNWRITABLE',
      `Writing plots to ${svg}: that is no folder. Give another name.`,
    );
  }
  if (found && !force && (await platform.listFolder(svg)).some((name) => name.endsWith('.svg'))) {
    throw new TailorError(
      'FILE_EXISTS',
      `Writing plots to ${svg}: there are .svg files already. Choose another folder, or overwrite them with --force.`,
    );
  }
}

/** Writes what was asked for and returns the paths. */
export async function writeReports(
  { report, markdown, svg }: ReportOptions,
  content: ReportContent,
  force: boolean | undefined,
): Promise<string[]> {
  const written: string[] = [];
  const write = async (path: string, text: string) => {
    await platform.writeFile(path, [new TextEncoder().encode(text)], { overwrite: force });
    written.push(path);
  };
  if (report !== undefined) await write(report, reportHtml(content));
  if (markdown !== undefined) await write(markdown, reportMarkdown(content));
  if (svg !== undefined) {
    await platform.makeFolder(svg);
    for (const [name, source] of Object.entries(reportPlots(content))) {
      await write(platform.joinPath(svg, `${name}.svg`), source);
    }
  }
  return written;
}

/** The line that says where reports are. */
export function describeReports(written: readonly string[]): string[] {
  return written.length === 0 ? [] : ['', `Written: ${written.join(', ')}`];
}
