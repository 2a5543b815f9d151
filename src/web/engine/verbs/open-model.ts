/** Opens a model, and says what is in it where its head cannot be used. */

import { platform } from '#platform';
import { TailorError } from '../../../array/errors.js';
import { rowNorms } from '../../../array/linear-head.js';
import { denseData } from '../../../array/matrix.js';
import { describeModel } from '../../../features/describe-model.js';
import { type Model, openModel } from '../../../features/model.js';
import { findHeads } from '../../../onnx/find-heads.js';
import { type ModelFile, readModelFile } from '../../../onnx/model-file.js';
import { adjustedBefore } from '../../../recalibrate/provenance.js';
import type { FileInput, HeadFacts, ModelFacts, Verbs } from '../protocol.js';
import { readBytes } from '../read-bytes.js';
import { errorFacts } from '../serve.js';
import type { Session } from '../session.js';

type OpenRequest = Verbs['openModel']['request'];

export async function openModelVerb(session: Session, request: OpenRequest): Promise<ModelFacts> {
  const { file: input, output, classNames, preprocess } = request;
  const file = await readModel(input, request.sideFiles ?? []);
  const found = findHeads(file);
  const sha256 = await platform.sha256(file.bytes);
  const description = await describeModel(file, found, sha256);
  // From here on the file is a model: the one before is no longer meant, even where this one has no usable head.
  session.reset();
  const facts = { name: input.name, description };
  try {
    const model = await openModel(file, { output, classes: classNames, preprocess });
    session.model = model;
    session.opened = { output, classNames, preprocess };
    if (model.trainCounts) session.counts = { counts: model.trainCounts, from: 'the model', own: true };
    return {
      ...facts,
      head: headFacts(model),
      classNames: model.classes,
      counts: session.countsFacts(),
      preprocess: model.preprocess,
      notes: [...model.problems, ...adjustedBefore(model.metadata)],
    };
  } catch (error) {
    if (!(error instanceof TailorError)) throw error;
    return { ...facts, head: null, problem: errorFacts(error), notes: description.problems };
  }
}

async function readModel({ name, data }: FileInput, sideFiles: readonly FileInput[]): Promise<ModelFile> {
  const bytes = await readBytes(name, data);
  const besides = new Map<string, Uint8Array>();
  for (const side of sideFiles) besides.set(side.name, await readBytes(side.name, side.data));
  try {
    // The path is what the file is called; there is no folder behind it.
    return { ...(await readModelFile(bytes, { sideFiles: besides })), path: name };
  } catch (error) {
    if (!(error instanceof TailorError)) throw error;
    throw new TailorError(error.code, error.message.replace('the model', name), { cause: error });
  }
}

function headFacts({ head, location }: Model): HeadFacts {
  return {
    output: location.output,
    classes: location.classes,
    dimensions: location.dimensions,
    onLogits: location.kind === 'logits',
    norms: rowNorms(head),
    bias: Float64Array.from(denseData(head.bias)),
  };
}
