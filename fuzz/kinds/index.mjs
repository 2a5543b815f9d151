// The kinds of files that are fuzzed. Each makes cases from random choices and uses one as programs do.
import * as csv from './csv.mjs';
import * as json from './json.mjs';
import * as npz from './npz.mjs';
import * as onnx from './onnx.mjs';
import * as parquet from './parquet.mjs';
import * as pictures from './pictures.mjs';
import * as safetensors from './safetensors.mjs';

/**
 * @typedef {{ files: Record<string, Uint8Array>, main: string }} Made the files of a case by name, and which one is opened
 * @typedef {object} Kind
 * @property {(random: import('../random.mjs').Random) => Promise<Made>} make
 * @property {(folder: string, main: string, random: import('../random.mjs').Random) => Promise<string>} use throws where the file is refused
 * @property {(main: string) => string[][]} commands what the command line is asked to do with it; files that are written are called out*
 * @property {() => Promise<Record<string, Uint8Array>>} [company] files that the commands need beside it
 */

/** @type {Record<string, Kind>} */
export const KINDS = { onnx, npz, safetensors, parquet, csv, json, pictures };
