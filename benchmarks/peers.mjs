// Processes of peers that work when they are asked to: Python with PyTorch and scikit-learn (peers.py), and others.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { root } from './feature-sets.mjs';

/**
 * @typedef {object} Peers
 * @property {Record<string, string | null>} versions null for a package that is not there
 * @property {(call: string, options?: object) => Promise<any>} ask throws what Python threw
 * @property {() => void} close
 */

/**
 * Starts Python (TAILOR_PYTHON or python3), or Node for a script of its own.
 * @param {string} [script] @returns {Promise<Peers | { missing: string }>}
 */
export async function openPeers(script = 'peers.py') {
  const isNode = script.endsWith('.mjs');
  const language = isNode ? 'Node' : 'Python';
  const program = isNode ? process.execPath : (process.env.TAILOR_PYTHON ?? 'python3');
  const child = spawn(program, [join(root, 'benchmarks', script)], { stdio: ['pipe', 'pipe', 'pipe'] });
  let complaint = '';
  child.stderr.on('data', (bytes) => {
    complaint = `${complaint}${bytes}`.slice(-2000);
  });
  child.stdin.on('error', () => {});
  const ended = Promise.race([
    once(child, 'error').then(([error]) => error.message),
    once(child, 'close').then(([code]) => `it ended with ${code}: ${reasonIn(complaint)}`),
  ]).catch((error) => error.message);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (call, options = {}) => {
    child.stdin.write(`${JSON.stringify({ call, ...options })}\n`);
    const reply = await Promise.race([lines.next(), ended]);
    if (typeof reply === 'string' || reply.done) throw new Error(`${language}: ${await ended}`);
    const answer = JSON.parse(reply.value);
    if (answer.error) throw new Error(`${language}: ${answer.error}`);
    return answer;
  };
  try {
    return { versions: await ask('versions'), ask, close: () => child.stdin.end() };
  } catch (error) {
    const advice = isNode ? '' : ` (set TAILOR_PYTHON to a Python with what benchmarks/${script} imports)`;
    return { missing: `${error.message}${advice}` };
  }
}

/** The line of a traceback that says why: Node's is the first with an error's name, Python's the last. */
function reasonIn(complaint) {
  const lines = complaint.trim().split('\n');
  return lines.find((line) => /^(\w*Error): /.test(line))?.replace(/^Error: /, '') ?? lines.at(-1);
}

/** Why a peer cannot take part; undefined when it can. @param {Peers | { missing: string }} peers */
export function whyMissing(peers, name) {
  if ('missing' in peers) return peers.missing;
  return peers.versions[name] ? undefined : `this Python has no ${name}`;
}
