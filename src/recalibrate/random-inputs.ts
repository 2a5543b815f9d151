/** Inputs for a proof where no data are at hand: random numbers in the shape that the model takes. */
import { TailorError } from '../array/errors.js';
import { limit, limitExceeded } from '../array/limits.js';
import { createRandom } from '../array/random.js';
import { listNames, printable } from '../array/text.js';
import type { VerificationInputs } from '../features/feature-set.js';
import type { Model } from '../features/model.js';
import { modelValues, sampleDims } from '../features/model-values.js';
import type { Feed } from '../runtime/session.js';

const SAMPLES = 8;
const SEED = 0;

/**
 * Eight samples: uniform in ±2 (pictures after the usual preprocessing) for inputs of floating point, 0 … 9 for whole
 * numbers, which embeddings and one-hot inputs bear. INVALID_ARGUMENT where a model leaves its input's shape open,
 * MODEL_INVALID where it is none, LIMIT_EXCEEDED beyond the limit madeUpNumbers.
 */
export function randomInputs(model: Model): VerificationInputs {
  const random = createRandom(SEED);
  const feeds: Record<string, Feed> = {};
  const { inputs } = modelValues(model.file);
  const shapes = sampleDims(inputs, model.preprocess);
  for (const [i, { name, type, dims }] of inputs.entries()) {
    const known = shapes[i];
    if (!known) {
      throw new TailorError(
        'INVALID_ARGUMENT',
        `Making inputs to verify the new model with: the model leaves the shape of "${name}" open ([${dims.join(', ')}]). ` +
          'Give real data to verify on (--verify-data SRC), or features that extract has written: they carry inputs along.',
      );
    }
    const numbers = known.reduce((product, length) => product * length, SAMPLES);
    const found = `Making inputs to verify the new model with: "${printable(name)}" has the shape [${listNames(dims.map((length) => printable(String(length))))}]`;
    if (!(numbers >= 1))
      throw new TailorError('MODEL_INVALID', `${found}, which is not possible. Export the model again.`);
    if (numbers > limit('madeUpNumbers')) {
      throw limitExceeded(
        'madeUpNumbers',
        `${found}, and ${SAMPLES} samples are made up, ${numbers} numbers`,
        {
          instead: 'Give real data to verify on: --verify-data SRC.',
        },
      );
    }
    const whole = !type.startsWith('float') && type !== 'bfloat16';
    const data = Float32Array.from({ length: numbers }, () =>
      whole ? Math.floor(random() * 10) : random() * 4 - 2,
    );
    feeds[name] = {
      data: type === 'bool' ? data.map((value) => value % 2) : data,
      dims: [SAMPLES, ...known],
    };
  }
  return { rows: Int32Array.from({ length: SAMPLES }, (_, i) => i), inputs: feeds };
}
