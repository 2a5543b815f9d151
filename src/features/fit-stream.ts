/** A stream of features for a head: the same checks as fitFeatures, with nothing read. */
import { TailorError } from '../array/errors.js';
import { headShape, type LinearHead } from '../array/linear-head.js';
import { alignLabels } from '../data/class-names.js';
import type { FeatureStream } from './feature-stream.js';
import { Model } from './model.js';

/**
 * A stream with its labels in the model's class order. Logits of the file stay only where their classes do; a caller with a head
 * computes its own.
 * @throws SHAPE_MISMATCH when the features have another width than the head, LABELS_INVALID.
 */
export function fitStream(stream: FeatureStream, target: Model | LinearHead): FeatureStream {
  const model = target instanceof Model ? target : undefined;
  const [classCount, dimensions] = headShape(target instanceof Model ? target.head : target);
  const doing = `Using the features of ${stream.name}`;
  if (stream.dimensions === dimensions) return inClasses(stream, model?.classes, classCount, doing);
  throw new TailorError(
    'SHAPE_MISMATCH',
    `${doing}: they have ${stream.dimensions} dimensions, the head takes ${dimensions}. Extract them with this model.`,
  );
}

/** The same for classes that are known without a head. */
export function inClasses(
  stream: FeatureStream,
  classes: readonly string[] | undefined,
  classCount: number,
  doing: string,
): FeatureStream {
  const named = alignLabels(stream, classes, classCount, doing);
  const labels = named.labels!;
  // Logits are in the order of the file's own names.
  const kept = stream.classes === undefined || named.classes === stream.classes;
  const logitWidth = kept ? stream.logitWidth : 0;
  return {
    ...stream,
    ...{ classCount, classes: named.classes, labels, logitWidth },
    async *chunks(rows) {
      let from = 0;
      for await (const chunk of stream.chunks(rows)) {
        const to = from + chunk.labels.length;
        yield {
          features: chunk.features,
          labels: labels.subarray(from, to),
          logits: kept ? chunk.logits : undefined,
        };
        from = to;
      }
    },
  };
}
