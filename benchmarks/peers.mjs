// A Python process that fits with PyTorch and scikit-learn when it is asked to (peers.py).

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

/** Starts Python (TAILOR_PYTHON or python3). @param {string} [script] @returns {Promise<Peers | { missing: string }>} */
export async function openPeers(script = 'peers.py') {
  const python = process.env.TAILOR_PYTHON ?? 'python3';
  const child = spawn(python, [join(root, 'benchmarks', script)], { stdio: ['pipe', 'pipe', 'pipe'] });
  let complaint = '';
  child.stderr.on('data', (bytes) => {
    complaint = `${complaint}${bytes}`.slice(-2000);
  });
  child.stdin.on('error', () => {});
  const ended = Promise.race([
    once(child, 'error').then(([error]) => error.message),
    once(child, 'close').then(([code]) => `it ended with ${code}: ${complaint.trim().split('\n').at(-1)}`),
  ]).catch((error) => error.message);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (call, options = {}) => {
    child.stdin.write(`${JSON.stringify({ call, ...options })}\n`);
    const reply = await Promise.race([lines.next(), ended]);
    if (typeof reply === 'string' || reply.done) throw new Error(`Python: ${await ended}`);
    const answer = JSON.parse(reply.value);
    if (answer.error) throw new Error(`Python: ${answer.error}`);
    return answer;
  };
  try {
    return { versions: await ask('versions'), ask, close: () => child.stdin.end() };
  } catch (error) {
    return {
      missing: `${error.message} (set TAILOR_PYTHON to a Python with what benchmarks/${script} imports)`,
    };
  }
}

/** Why a peer cannot take part; undefined when it can. @param {Peers | { missing: string }} peers */
export function whyMissing(peers, name) {
  if ('missing' in peers) return peers.missing;
  return peers.versions[name] ? undefined : `this Python has no ${name}`;
}
