// Progress through the printer of the command line: a cycle is what a whole minute of a run tells, 60,000 reports (one a
// millisecond, on a clock that is not the machine's), on a terminal and elsewhere. 1440 cycles are 24 hours.

import { progressPrinter } from '../../dist/cli/progress.js';
import { Terminal } from '../../dist/cli/terminal.js';

const REPORTS = 60_000;
const TOTAL = 24 * 60 * REPORTS;

export function prepare() {
  let clock = 0;
  let bytes = 0;
  const stream = (isTTY) => ({
    isTTY,
    columns: 100,
    write: (text) => {
      bytes += text.length;
    },
  });
  const now = () => clock;
  const printers = [true, false].map((isTTY) => progressPrinter('Extracting', stream(isTTY), { now }));
  const terminal = new Terminal(
    { stdout: stream(false), stderr: stream(true) },
    new AbortController().signal,
  );
  const epochs = terminal.progressOfEpochs();
  let done = 0;
  return async () => {
    for (let i = 0; i < REPORTS; i++) {
      clock++;
      done = (done + 1) % TOTAL;
      const secondsLeft = (TOTAL - done) / 1000;
      const event = { done, total: TOTAL, seconds: done / 1000, samplesPerSecond: 1000, secondsLeft };
      for (const print of printers) print(event);
      if (i % 100 === 0) epochs({ epoch: done, epochs: TOTAL, loss: 1 });
    }
    if (bytes === 0) throw new Error('nothing was printed');
    return 'minute of reports';
  };
}
