#!/usr/bin/env node
/** The `onnx-tailor` command. Everything happens in program.ts, which tests can call too. */
import { runProgram } from './program.js';

process.exitCode = await runProgram(process.argv.slice(2));
