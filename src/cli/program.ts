/** Parses the command line, runs one command, and turns its outcome into an exit code: 0 done, 1 could not, 2 wrong usage, 130 and 143 stopped. */
import { Command, CommanderError } from 'commander';
import { TailorError } from '../array/errors.js';
import { setLimits } from '../array/limits.js';
import { VERSION } from '../array/version.js';
import { addAllowOption } from './allow.js';
import { listen } from './interrupt.js';
import { releaseLocks } from './locks.js';
import { STDIN } from './stdin.js';
import { plain, type Streams, Terminal } from './terminal.js';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

interface CommandEntry {
  readonly description: string;
  /** Loads the command with all that it needs: onnxruntime and protobuf take longer to load than --help to print. */
  readonly load: () => Promise<(terminal: Terminal) => Command>;
}

/** The commands in the order in which they are listed. */
const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  inspect: {
    description: 'show inputs, outputs and heads of a model, and why an output has none that can be changed',
    load: async () => (await import('./inspect.js')).inspectCommand,
  },
  extract: {
    description: 'run the part of a model in front of its head over a data source and keep the features',
    load: async () => (await import('./extract.js')).extractCommand,
  },
  diagnose: {
    description: 'say what imbalance did to features and head, what to do about it, and draw a report',
    load: async () => (await import('./diagnose.js')).diagnoseCommand,
  },
  evaluate: {
    description: 'measure accuracy by class and group, and calibration, of a model or of a head alone',
    load: async () => (await import('./evaluate.js')).evaluateCommand,
  },
  recalibrate: {
    description:
      'choose a better balanced head on validation, put it into a copy of the model, and prove the copy',
    load: async () => (await import('./recalibrate.js')).recalibrateCommand,
  },
  fit: {
    description: 'fit a head to features: logistic regression, weight balancing, ETF, nearest class mean, …',
    load: async () => (await import('./fit.js')).fitCommand,
  },
  graft: {
    description: 'put a head into a model, keep every other byte, and prove the file by running it',
    load: async () => (await import('./graft.js')).graftCommand,
  },
  doctor: {
    description: 'say which devices work here, why others do not, and which versions are in use',
    load: async () => (await import('./doctor.js')).doctorCommand,
  },
};

/** Runs `onnx-tailor ARGS` and returns the exit code. */
export async function runProgram(args: readonly string[], streams: Streams = process): Promise<number> {
  const interruption = listen(() => terminal.fail(interrupted()));
  const terminal = new Terminal(streams, interruption.signal);
  const limits = setLimits({});
  // Known before parsing, so that a usage error is reported in the form that was asked for.
  terminal.json = args.includes('--json');
  terminal.debug = args.includes('--debug');
  try {
    const program = await buildProgram(terminal, streams, args);
    await program.parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0; // --help, --version
      // commander has written its message already; programs get theirs.
      if (terminal.json)
        terminal.finish({ error: { code: 'USAGE', message: error.message.replace(/^error: /, '') } }, '');
      return EXIT_USAGE;
    }
    const { exitCode } = interruption;
    const aborted = error instanceof TailorError && error.code === 'ABORTED';
    terminal.fail(exitCode !== undefined && !aborted ? interrupted() : explain(error));
    return exitCode ?? EXIT_FAILED;
  } finally {
    setLimits(limits);
    interruption.done();
    await releaseLocks();
  }
}

/** The program with the commands that `args` names; the others only have their line in the list. */
async function buildProgram(terminal: Terminal, streams: Streams, args: readonly string[]): Promise<Command> {
  const program = new Command('onnx-tailor')
    .description(
      'Rebalances a classifier that is already an .onnx file: finds its linear head, adjusts it for the classes it saw ' +
        'too rarely, writes it into a copy of the model and proves the copy by running both.',
    )
    .version(VERSION)
    .addHelpText('after', HELP)
    .configureHelp({ subcommandTerm: (command) => command.name() })
    .hook('preAction', (_, command) => assertOneStdin(command))
    .showSuggestionAfterError()
    .showHelpAfterError('(add --help for the options)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => streams.stdout.write(text),
      writeErr: (text) => streams.stderr.write(plain(text)),
    });
  for (const [name, { description, load }] of Object.entries(COMMANDS)) {
    const command = args.includes(name) ? (await load())(terminal) : new Command(name);
    command
      .description(description)
      .option('--json', 'print one JSON document on stdout and nothing else')
      .option('--debug', 'show stack traces')
      .copyInheritedSettings(program);
    program.addCommand(addAllowOption(command, terminal));
  }
  // In front of a command as well, and without one: for the list.
  return addAllowOption(program, terminal);
}

const HELP = `
Examples:
  onnx-tailor inspect classifier.onnx
  onnx-tailor recalibrate classifier.onnx --val pictures/val --counts counts.json --out balanced.onnx
  onnx-tailor evaluate balanced.onnx --data pictures/test

"onnx-tailor COMMAND --help" lists the options of a command, "onnx-tailor --allow help" the limits of what files may ask for.
Exit codes: 0 done, 1 could not do it, 2 wrong usage, 130 stopped by Ctrl-C, 143 by SIGTERM.`;

/** Standard input has one content. */
function assertOneStdin(command: Command): void {
  const values: unknown[] = [...command.args, ...Object.values(command.opts())];
  if (values.filter((value) => value === STDIN).length > 1)
    command.error(`error: standard input (${STDIN}) can be read once only`);
}

/** Where the work did not stop by itself, or broke when it was stopped. */
function interrupted(): TailorError {
  return new TailorError('ABORTED', 'Stopped: interrupted. Nothing was left half written.');
}

/** What is said of an error, also of one that no command has caught. */
export function explain(error: unknown): { code: string; message: string; stack?: string } {
  if (error instanceof TailorError) return error;
  const { message = String(error), stack } = error instanceof Error ? error : {};
  return {
    code: 'INTERNAL',
    message: `Something went wrong that onnx-tailor did not foresee: ${message}. Run again with --debug and report it, please.`,
    stack,
  };
}
