/** Words of the page that the report does not need. */
import { figure } from '../report/words.js';

/** '1.12 MB'. */
export function bytesWords(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  if (bytes < 1e6) return `${figure(bytes / 1e3)}\u00a0kB`;
  return bytes < 1e9 ? `${figure(bytes / 1e6)}\u00a0MB` : `${figure(bytes / 1e9)}\u00a0GB`;
}

/** '2 s', '340 ms'. */
export function secondsWords(seconds: number): string {
  return seconds < 1 ? `${Math.round(seconds * 1000)}\u00a0ms` : `${figure(seconds)}\u00a0s`;
}

/** Where counts came from, behind a number: 'from the model', 'as typed'. */
export function originWords(from: string): string {
  return from === 'typed' ? 'as typed' : `from ${from}`;
}
