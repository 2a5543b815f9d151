/** What a changed model says about its own origin: metadata keys `onnx_tailor.*`. */
import type { ClassCounts } from '../array/class-counts.js';
import { VERSION } from '../array/version.js';
import type { MetadataChanges } from '../onnx/metadata.js';

/** Prefix of every metadata key that is written or read here. */
export const METADATA_PREFIX = 'onnx_tailor.';

/** What is known about a new head. */
export interface HeadOrigin {
  /** 'additive', 'multiplicative', …; 'none' for the original head; 'given' for a head that came as a file. */
  readonly method: string;
  /** Of the method; default none. */
  readonly parameters?: Readonly<Record<string, number | string>>;
  /** Training counts that the prior was taken from. */
  readonly counts?: ClassCounts;
  /** 'uniform' or the numbers that were given. */
  readonly targetPrior?: 'uniform' | ArrayLike<number>;
  /** Name of the set that method and parameters were chosen on. */
  readonly selectedOn?: string;
  /** sha256 of the model file that the head was put into. */
  readonly sourceSha256: string;
  /** Metadata of that file: what it says about its own origin becomes history. */
  readonly sourceMetadata: ReadonlyMap<string, string>;
}

/** An earlier change, as the key `history` lists them, oldest first. */
interface EarlierChange {
  readonly method: string;
  readonly parameters?: string;
  readonly source_sha256?: string;
}

/**
 * The metadata of a changed model; every value is text, lists and objects as JSON. What an earlier change said and this
 * one does not is taken out (undefined); counts stay, since the network was trained on them whoever says so.
 */
export function provenance(origin: HeadOrigin): MetadataChanges {
  const { method, parameters = {}, counts, targetPrior, selectedOn, sourceSha256, sourceMetadata } = origin;
  const history = earlierChanges(sourceMetadata);
  const key = (name: string) => `${METADATA_PREFIX}${name}`;
  return {
    [key('method')]: method,
    [key('parameters')]: JSON.stringify(parameters),
    ...(counts && { [key('counts')]: JSON.stringify(Array.from(counts)) }),
    [key('target_prior')]:
      targetPrior === undefined || typeof targetPrior === 'string'
        ? targetPrior
        : JSON.stringify(Array.from(targetPrior)),
    [key('selected_on')]: selectedOn,
    [key('source_sha256')]: sourceSha256,
    ...(history.length > 0 && { [key('history')]: JSON.stringify(history) }),
    [key('version')]: VERSION,
  };
}

/** A sentence about an adjustment that the model already carries, where it does. */
export function adjustedBefore(metadata: ReadonlyMap<string, string>): string[] {
  const changes = earlierChanges(metadata);
  if (changes.length === 0) return [];
  const list = changes.map(({ method, parameters = '' }) => `${method} ${parameters}`).join(', then ');
  const original = changes[0].source_sha256 ?? 'unknown';
  return [
    `This model was changed before (${list}). Another adjustment for the ` +
      `same counts comes on top: start from the original (sha256 ${original.slice(0, 12)}…) unless that is meant.`,
  ];
}

/** Changes of the head that a model says it has been through; a kept head ("none") is no change. */
function earlierChanges(metadata: ReadonlyMap<string, string>): EarlierChange[] {
  const value = (name: string) => metadata.get(`${METADATA_PREFIX}${name}`);
  const method = value('method');
  const earlier = parseHistory(value('history'));
  if (method === undefined || method === 'none') return earlier;
  return [...earlier, { method, parameters: value('parameters'), source_sha256: value('source_sha256') }];
}

/** Foreign or damaged entries tell nothing. */
function parseHistory(text = '[]'): EarlierChange[] {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? list.filter(isChange) : [];
  } catch {
    return [];
  }
}

function isChange(item: unknown): item is EarlierChange {
  if (typeof item !== 'object' || item === null) return false;
  const { method, parameters = '', source_sha256 = '' } = item as Record<string, unknown>;
  return [method, parameters, source_sha256].every((value) => typeof value === 'string');
}
