/** Says which of the tests do not run in a page. */
import { NODE_ONLY } from './node-only.js';

export default function announce(): void {
  const left = NODE_ONLY.map(([pattern, reason]) => `  ${pattern}: ${reason}`);
  console.info(['\nTests that a page cannot run, left to Node:', ...left, ''].join('\n'));
}
