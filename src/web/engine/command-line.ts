/** The command that writes the same file as the page: so that a choice made by hand can be made again without one. */
import type { AdjustChoice, SearchChoice } from './protocol.js';

/** What the command is told beside the choice; file names, as seen from the folder that they are in. */
export interface CommandFiles {
  readonly model: string;
  readonly validation: string;
  readonly train?: string;
  readonly test?: string;
  /** Absent where the model knows its counts. */
  readonly counts?: string;
  /** Absent for uniform. */
  readonly targetPrior?: string;
  /** Class names where the model's own are not used. */
  readonly classes?: string;
  readonly preprocess?: string;
  readonly output?: string;
  readonly out: string;
  readonly skipMissing?: boolean;
  readonly thresholds?: { readonly many: number; readonly few: number };
}

/** One line for a shell. */
export function commandLine(choice: AdjustChoice | SearchChoice, files: CommandFiles): string {
  const { temperature, convention } = choice;
  const words: (string | false | undefined)[] = ['onnx-tailor', 'recalibrate', files.model];
  const option = (name: string, value: string | number | undefined) => {
    if (value !== undefined) words.push(`--${name}`, `${value}`);
  };
  option('val', files.validation);
  if (choice.kind === 'search' && choice.fitted !== false) option('train', files.train);
  option('test', files.test);
  option('counts', files.counts);
  option('classes', files.classes);
  option('preprocess', files.preprocess);
  option('output', files.output);
  option('method', choice.method === 'auto' ? undefined : choice.method);
  option('convention', hasConvention(choice) ? convention : undefined);
  if (choice.kind === 'adjust')
    option(choice.method === 'multiplicative' ? 'gamma' : 'tau', choice.parameter);
  option('temperature', temperature);
  option('target-prior', files.targetPrior);
  if (choice.kind === 'search' && choice.apply === 'always') option('apply', 'always');
  if (files.skipMissing) words.push('--skip-missing');
  option('many', files.thresholds?.many);
  option('few', files.thresholds?.few);
  option('out', files.out);
  return words
    .filter((word) => typeof word === 'string')
    .map(quoted)
    .join(' ');
}

/** A search of everything can be told the convention too. */
function hasConvention({ kind, method }: AdjustChoice | SearchChoice): boolean {
  return method === 'multiplicative' || (kind === 'search' && (method ?? 'auto') === 'auto');
}

/** As a POSIX shell takes it, and most others where no quote is needed. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
