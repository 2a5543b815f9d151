/** The verb `graft`: a head that was made elsewhere goes into a model. */
import type { LinearHead } from '../array/linear-head.js';
import type { Model } from '../features/model.js';
import { type ChangedModel, type ChangeModelOptions, changeModel } from './changed-model.js';
import { type HeadOrigin, provenance } from './provenance.js';

/** Options of `graft`. */
export interface GraftOptions extends Omit<ChangeModelOptions, 'metadata'> {
  /** How the head was made, for the model's metadata. Default method 'given'. */
  readonly origin?: Partial<Omit<HeadOrigin, 'sourceSha256' | 'sourceMetadata'>>;
}

/**
 * Replaces weight and bias of the model's head, keeps every other byte, writes provenance into the metadata and proves
 * the result by running it. Nothing is written: call `save` on the result.
 *
 * Throws SHAPE_MISMATCH for a head of another size, HEAD_UNSUPPORTED, HEAD_OVERFLOW, VERIFICATION_FAILED.
 */
export async function graft(
  model: Model,
  head: LinearHead,
  { origin, ...options }: GraftOptions = {},
): Promise<ChangedModel> {
  const metadata = provenance({
    method: 'given',
    ...origin,
    sourceSha256: model.sha256,
    sourceMetadata: model.metadata,
  });
  return changeModel(model, head, { ...options, metadata });
}
