/** Progress of a long step: a redrawn bar on a terminal, at most one line every ten seconds elsewhere. */
import type { Progress } from '../features/progress.js';

interface ProgressStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

const BAR_WIDTH = 28;
const QUIET_INTERVAL_MS = 10_000;
const REDRAW_INTERVAL_MS = 80;

export function progressPrinter(
  what: string,
  stream: ProgressStream,
  { unit = 'samples', now = Date.now }: { unit?: string; now?: () => number } = {},
): (event: Progress) => void {
  let last = stream.isTTY ? Number.NEGATIVE_INFINITY : now();
  return (event) => {
    // Of nothing there is no progress, e.g. of the samples behind saved statistics.
    if (event.total === 0) return;
    const finished = event.done === event.total;
    if (stream.isTTY) {
      if (!finished && now() - last < REDRAW_INTERVAL_MS) return;
      const filled = Math.round((event.done / Math.max(1, event.total)) * BAR_WIDTH);
      const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
      const line = `${what} ${bar} ${describe(event, unit)}`;
      // Some terminals have 0 columns: they do not know their width.
      stream.write(`\r\x1b[2K${line.slice(0, (stream.columns || 120) - 1)}${finished ? '\n' : ''}`);
    } else {
      if (!finished && now() - last < QUIET_INTERVAL_MS) return;
      stream.write(`${what}: ${describe(event, unit)}\n`);
    }
    last = now();
  };
}

function describe({ done, total, samplesPerSecond, secondsLeft }: Progress, unit: string): string {
  const rate = samplesPerSecond >= 10 ? Math.round(samplesPerSecond) : samplesPerSecond.toFixed(1);
  const left = done === total ? 'done' : `${duration(secondsLeft)} left`;
  return `${done}/${total} ${unit}, ${rate}/s, ${left}`;
}

function duration(seconds: number | undefined): string {
  if (seconds === undefined) return '?';
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes} min ${whole % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
