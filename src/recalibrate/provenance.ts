/** What a changed model says about its own origin: metadata keys `onnx_tailor.*`. */
import type { ClassCounts } from '../array/class-counts.js';
import { VERSION } from '../array/version.js';

/** Prefix of every metadata key that is written or read here. */
export const METADATA_PREFIX = 'onnx_tailor.';

/** What is known about a new head. */
export interface HeadOrigin {
  /** 'additive', 'multiplicative', …; 'none' for the original head; 'given' for a head that came as a file. */
  readonly method: string;
  readonly parameters?: Readonly<Record<string, number | string>>;
  /** Training counts that the prior was taken from. */
  readonly counts?: ClassCounts;
  /** 'uniform' or the numbers that were given. */
  readonly targetPrior?: 'uniform' | ArrayLike<number>;
  /** Name of the set that method and parameters were chosen on. */
  readonly selectedOn?: string;
  /** sha256 of the model file that the head was put into. */
  readonly sourceSha256: string;
}

/** The metadata of a changed model; every value is text, lists and objects as JSON. */
export function provenance(origin: HeadOrigin): Record<string, string> {
  const { method, parameters = {}, counts, targetPrior, selectedOn, sourceSha256 } = origin;
  const key = (name: string) => `${METADATA_PREFIX}${name}`;
  return {
    [key('method')]: method,
    [key('parameters')]: JSON.stringify(parameters),
    ...(counts && { [key('counts')]: JSON.stringify(Array.from(counts)) }),
    ...(targetPrior && {
      [key('target_prior')]:
        typeof targetPrior === 'string' ? targetPrior : JSON.stringify(Array.from(targetPrior)),
    }),
    ...(selectedOn !== undefined && { [key('selected_on')]: selectedOn }),
    [key('source_sha256')]: sourceSha256,
    [key('version')]: VERSION,
  };
}

/** A sentence about an adjustment that the model already carries, where it does. */
export function adjustedBefore(metadata: ReadonlyMap<string, string>): string[] {
  const method = metadata.get(`${METADATA_PREFIX}method`);
  if (method === undefined || method === 'none') return [];
  const source = metadata.get(`${METADATA_PREFIX}source_sha256`) ?? 'unknown';
  return [
    `This model was changed before (${method} ${metadata.get(`${METADATA_PREFIX}parameters`) ?? ''}). A second adjustment for the ` +
      `same counts comes on top of the first: start from the original (sha256 ${source.slice(0, 12)}…) unless that is meant.`,
  ];
}
