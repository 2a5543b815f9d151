// The pictures of Tiny-ImageNet-LT's test set for MobileNet v1 0.5 at 160 × 160: what extraction is measured on.

import { openModel, openSource, subset } from 'onnx-tailor';
import { tinyImageNetFolders } from './feature-sets.mjs';

export const SIZE = 160;
export const WHAT = `pictures of Tiny-ImageNet-LT's test set (64 × 64 JPEG) through MobileNet v1 0.5 at ${SIZE} × ${SIZE}`;

/**
 * The model, and `samples` of the pictures: spread over all, again from the first where more are asked for than there are. Without
 * labels, since the classes are not those of the model. Undefined where TAILOR_DATA does not have them.
 * @param {number} samples
 */
export async function tinyPictures(samples) {
  const data = tinyImageNetFolders();
  if (!data) return undefined;
  const model = await openModel(data.model, {
    preprocess: { size: [SIZE, SIZE], scale: 1 / 128, mean: [1, 1, 1], std: [1, 1, 1], resize: 'bilinear' },
  });
  const folder = await openSource(data.test);
  const every = Math.max(1, Math.floor(folder.length / samples));
  const chosen = Array.from({ length: samples }, (_, i) => (i * every) % folder.length);
  const source = { ...subset(folder, chosen), labels: undefined, classes: undefined };
  return { file: data.model, model, source, paths: chosen.map((index) => folder.sampleName(index)) };
}
