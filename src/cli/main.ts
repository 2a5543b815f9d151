/** The `onnx-tailor` command. Everything happens in program.ts, which tests can call too. */
import { runProgram } from './program.js';

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

const code = await runProgram(process.argv.slice(2));
process.exitCode = outputFailed ? 1 : code;
