#!/usr/bin/env node
/**
 * What `onnx-tailor` runs first. Pictures are decoded in libuv's pool, which has four threads unless told otherwise before its first
 * use; Node 20 uses it to load the first ES module, so this is none.
 */
import os = require('node:os');

process.env.UV_THREADPOOL_SIZE ??= `${Math.max(4, os.availableParallelism())}`;

let ended = false;
// A command that waits for what never comes has failed: Node says 13 of an ES module that does, and nothing of this one.
process.on('exit', (code) => {
  if (!ended && code === 0) process.exitCode = 13;
});
void import('./main.js').then(() => {
  ended = true;
});
