#!/usr/bin/env node
/**
 * What `onnx-tailor` runs first. Pictures are decoded in libuv's pool, which has four threads unless told otherwise before its first
 * use; Node 20 uses it to load the first ES module, so this is none.
 */
import os = require('node:os');

process.env.UV_THREADPOOL_SIZE ??= `${Math.max(4, os.availableParallelism())}`;
// Until the command has ended with a code of its own: one that never ends has failed (13 is what Node says then of ES modules).
process.exitCode = 13;
void import('./main.js');
