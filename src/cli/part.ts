/** The part of one task of an array job: i/n. */
import { InvalidArgumentError } from 'commander';
import type { StorePart } from '../features/store/manifest.js';

export function parsePart(text: string): StorePart {
  const match = /^(\d{1,9})\/(\d{1,9})$/.exec(text);
  const [index, count] = [Number(match?.[1]), Number(match?.[2])];
  if (match && index >= 1 && index <= count) return { index, count };
  throw new InvalidArgumentError('Part i of n is needed, written i/n, from 1/n to n/n.');
}
