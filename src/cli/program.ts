/** Parses the command line, runs one command, and turns its outcome into an exit code: 0 done, 1 could not, 2 wrong usage. */
import { Command, CommanderError } from 'commander';
import { TailorError } from '../array/errors.js';
import { VERSION } from '../array/version.js';
import { doctorCommand } from './doctor.js';
import { evaluateCommand } from './evaluate.js';
import { extractCommand } from './extract.js';
import { graftCommand } from './graft.js';
import { inspectCommand } from './inspect.js';
import { recalibrateCommand } from './recalibrate.js';
import { type Streams, Terminal } from './terminal.js';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/** Runs `onnx-tailor ARGS` and returns the exit code. */
export async function runProgram(args: readonly string[], streams: Streams = process): Promise<number> {
  const abort = new AbortController();
  const onInterrupt = () => {
    // The first Ctrl-C ends the work cleanly; a second one finds the default handler again.
    process.removeListener('SIGINT', onInterrupt);
    process.removeListener('SIGTERM', onInterrupt);
    abort.abort();
  };
  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', onInterrupt);
  const terminal = new Terminal(streams, abort.signal);
  // Known before parsing, so that a usage error is reported in the form that was asked for.
  terminal.json = args.includes('--json');
  terminal.debug = args.includes('--debug');
  try {
    await buildProgram(terminal, streams).parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0; // --help, --version
      // commander has written its message already; programs get theirs.
      if (terminal.json)
        terminal.finish({ error: { code: 'USAGE', message: error.message.replace(/^error: /, '') } }, '');
      return EXIT_USAGE;
    }
    terminal.fail(explain(error));
    return EXIT_FAILED;
  } finally {
    process.removeListener('SIGINT', onInterrupt);
    process.removeListener('SIGTERM', onInterrupt);
  }
}

function buildProgram(terminal: Terminal, streams: Streams): Command {
  const program = new Command('onnx-tailor')
    .description(
      'Rebalances a classifier that is already an .onnx file: finds its linear head, adjusts it for the classes it sees\n' +
        'too rarely, writes it back into the same model and proves the result by running both.',
    )
    .version(VERSION)
    .showSuggestionAfterError()
    .showHelpAfterError('(add --help for the options)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => streams.stdout.write(text),
      writeErr: (text) => streams.stderr.write(text),
    });
  const commands = [
    inspectCommand,
    extractCommand,
    evaluateCommand,
    recalibrateCommand,
    graftCommand,
    doctorCommand,
  ];
  for (const make of commands) {
    const command = make(terminal)
      .option('--json', 'print one JSON document on stdout and nothing else')
      .option('--debug', 'show stack traces')
      .copyInheritedSettings(program);
    program.addCommand(command);
  }
  return program;
}

function explain(error: unknown): { code: string; message: string; stack?: string } {
  if (error instanceof TailorError) return error;
  const { message = String(error), stack } = error instanceof Error ? error : {};
  return {
    code: 'INTERNAL',
    message: `Something went wrong that onnx-tailor did not foresee: ${message}. Run again with --debug and report it, please.`,
    stack,
  };
}
