/** The `onnx-tailor` command. Everything happens in program.ts, which tests can call too. */
import { explain, runProgram } from './program.js';

let outputFailed = false;
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A reader that has seen enough (`| head`) is no failure: what was asked for was done.
  if (error.code === 'EPIPE') return;
  outputFailed = true;
  process.exitCode = 1;
  process.stderr.write(`onnx-tailor: Writing the result to standard output: ${error.message}.\n`);
});
// Nobody reads the remarks; there is nowhere to say so.
process.stderr.on('error', () => {});

// What no command awaits, such as a thread that ends: a sentence, not a trace.
process.on('uncaughtException', (error) => {
  const { message, stack } = explain(error);
  process.stderr.write(`onnx-tailor: ${message}\n${process.argv.includes('--debug') ? `${stack}\n` : ''}`);
  process.exit(1);
});

const code = await runProgram(process.argv.slice(2));
process.exitCode = outputFailed ? 1 : code;
