/** What tests ask Node's `process` for; a page has none. */
import { info } from './files.js';
import { DATA } from './served.js';

const environment: Record<string, string> = info(DATA) ? { TAILOR_DATA: DATA } : {};
Object.assign(globalThis, { process: { env: environment, pid: 0, platform: 'browser' } });
