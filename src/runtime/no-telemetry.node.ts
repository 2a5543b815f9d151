/**
 * The official builds of onnxruntime report to their maker from 1.29 on, Linux and macOS included: each session with the names of the
 * model's file and graph, its producer and hashes. A model in production is nobody's business, so that is turned off before onnxruntime
 * is there to be asked; a value that is set already stands. onnxruntime reads it once, with the first session of a process.
 */
process.env.ORT_DISABLE_TELEMETRY ??= '1';
