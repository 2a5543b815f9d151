/** Feature sets: read from files, computed from pictures, given back as files. */
import { formatOfName } from '../../../array/array-format.js';
import { TailorError } from '../../../array/errors.js';
import { rowNorms } from '../../../array/linear-head.js';
import { denseData } from '../../../array/matrix.js';
import { openArrays } from '../../../array/open-arrays.js';
import { listNames } from '../../../array/text.js';
import { npzSource } from '../../../data/array-source.js';
import { pictureFiles } from '../../../data/picture-files.js';
import type { DataSource } from '../../../data/sample.js';
import type { FeatureSet } from '../../../features/feature-set.js';
import type { Model } from '../../../features/model.js';
import { fitFeatures } from '../../../features/open-features.js';
import { featuresOf } from '../../../features/read-features.js';
import type { DataFacts, DataInput, FileOutput, LiveData, Role, Verbs } from '../protocol.js';
import { readBytes } from '../read-bytes.js';
import type { CallContext } from '../serve.js';
import type { HeldSet, Session } from '../session.js';

type AddRequest = Verbs['addData']['request'];

export async function addData(
  session: Session,
  request: AddRequest,
  context: CallContext,
): Promise<DataFacts> {
  const { role, input } = request;
  const model = session.requireModel('Reading data');
  const read = await readSet(session, model, request, context);
  // Labels in the model's order, and logits of its head; a set that was just extracted has both.
  const set = await fitFeatures(read.set, model, { ...session.where, signal: context.signal });
  const held = { ...read, set };
  session.sets.set(role, held);
  session.forgetResults(role);
  if (role === 'train') session.fits.clear();
  return dataFacts(role, held, read.set, model, input);
}

export async function removeData(session: Session, role: Role): Promise<null> {
  session.sets.delete(role);
  session.forgetResults(role);
  if (role === 'train') session.fits.clear();
  return null;
}

export async function saveData(session: Session, role: Role): Promise<FileOutput> {
  const { set } = session.requireSet(role, 'Saving features');
  const stem = set.name.replace(/^.*\//, '').replace(/\.(npz|safetensors|parquet)$/i, '');
  return {
    name: `${stem}.features.npz`,
    data: new Blob([set.encode()], { type: 'application/octet-stream' }),
  };
}

export async function logits(session: Session, role: Role): Promise<LiveData> {
  const { head } = session.requireModel('Evaluating');
  const { set } = session.requireSet(role, 'Evaluating');
  return {
    role,
    name: set.name,
    logits: Float32Array.from(denseData(set.logits!)),
    labels: Int32Array.from(set.requireLabels('Evaluating')),
    samples: set.samples,
    classes: set.classCount,
    norms: rowNorms(head),
    bias: Float64Array.from(denseData(head.bias)),
  };
}

/** As the file has it, or fresh from the model. */
async function readSet(
  session: Session,
  model: Model,
  { input, batch, device }: AddRequest,
  { signal, progress }: CallContext,
): Promise<HeldSet> {
  const run = async (source: DataSource): Promise<FeatureSet> => {
    if (!source.labels) throw withoutLabels(source.name);
    return model.extract(source, {
      ...session.where,
      ...(device && { device }),
      batch,
      signal,
      onProgress: ({ done, total, secondsLeft }) => progress({ what: 'samples', done, total, secondsLeft }),
    });
  };
  if (input.kind === 'pictures') {
    const files = input.files.map(({ path, data }) => ({ path, read: () => readBytes(path, data) }));
    const source = pictureFiles(files, { classes: model.classes, order: input.order });
    const spec = input.order ? `${source.name}?order=${input.order}` : source.name;
    return { set: await run(source), from: 'pictures', spec };
  }
  const { name, data } = input.file;
  const bytes = await readBytes(name, data);
  const file = await openArrays(bytes, name);
  // Pictures and inputs come in .npz alone; the others hold features, or are refused for what they lack.
  if (file.has('features') || (formatOfName(name) ?? 'npz') !== 'npz') {
    const set = await featuresOf(file);
    if (!set.labels) throw withoutLabels(name);
    return { set, from: 'features', spec: name };
  }
  const source = await npzSource(bytes, { name });
  return { set: await run(source), from: file.has('images') ? 'pictures' : 'inputs', spec: name };
}

function withoutLabels(name: string): TailorError {
  return new TailorError(
    'LABELS_INVALID',
    `Reading ${name}: labels are needed, and it has none. Add an integer array "labels" [N] to the file, or give a folder whose subfolders are the classes.`,
  );
}

function dataFacts(
  role: Role,
  { set, from }: HeldSet,
  read: FeatureSet,
  model: Model,
  input: DataInput,
): DataFacts {
  const { counts, extraction } = set;
  const missing = counts.flatMap((n, k) => (n === 0 ? [set.classes?.[k] ?? `${k}`] : []));
  // Names of the data alone: their order is taken to be the model's.
  const assumed = !model.classes && read.classes && !(input.kind === 'pictures' && input.order);
  return {
    role,
    name: set.name,
    samples: set.samples,
    dimensions: set.dimensions,
    classNames: set.classes,
    counts,
    from,
    ...(extraction && { device: extraction.device, seconds: extraction.seconds }),
    notes: [
      ...(assumed
        ? [
            `The model does not say its class names, so the classes of ${set.name} are taken to be in its order: ${listNames(read.classes!)}.`,
          ]
        : []),
      ...(missing.length > 0 ? [`Without a sample: ${listNames(missing)}.`] : []),
    ],
  };
}
