// Adjusts a head without any validation data: Bayes' rule for balanced classes is additive logit adjustment at τ = 1.
// The file is proven on random inputs. With validation data use recalibrate instead, which chooses and measures.
//
//   node examples/adjust-by-hand.mjs [MODEL.onnx [OUT.onnx]]

import { adjust, graft, openModel } from 'onnx-tailor';

const [path = 'models/cifar10-lt-resnet20-wd.onnx', out = 'adjusted.onnx'] = process.argv.slice(2);
const model = await openModel(path);
const counts = model.trainCounts;
if (!counts) throw new Error(`${path} does not say what it was trained on (metadata onnx_tailor.counts).`);

const head = adjust(model.head, { method: 'additive', tau: 1, counts });
const changed = await graft(model, head, {
  origin: { method: 'additive', parameters: { tau: 1 }, counts, targetPrior: 'uniform' },
});
const { maxAbsLogitDifference, argmaxAgreement, samples } = changed.verification;
await changed.save(out, { overwrite: true });
console.log(
  `${out}: verified on ${samples} samples, largest logit difference ${maxAbsLogitDifference.toExponential(1)}, same class on ${argmaxAgreement * 100} %`,
);
