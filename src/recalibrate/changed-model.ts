/** A model with a new head: put in, proven, and written so that the target is either as before or complete. */
import { platform } from '#platform';
import { TailorError } from '../array/errors.js';
import type { LinearHead } from '../array/linear-head.js';
import { quoted } from '../array/text.js';
import type { VerificationInputs } from '../features/feature-set.js';
import type { Model } from '../features/model.js';
import { assertExternalDataSame } from '../onnx/external-data.js';
import { type Grafted, graftHead } from '../onnx/graft.js';
import type { MetadataChanges } from '../onnx/metadata.js';
import { type ModelFile, parseModel } from '../onnx/model-file.js';
import { runnableEdits } from '../onnx/runnable.js';
import { splice } from '../onnx/splice.js';
import type { SessionOptions } from '../runtime/session.js';
import { randomInputs } from './random-inputs.js';
import { clearSideFiles, missingSideFiles, piecesOf, unusedSideFiles } from './side-files.js';
import { type Verification, verify } from './verify.js';

/** Options of `changeModel`. */
export interface ChangeModelOptions extends SessionOptions {
  /** Metadata to be set, by key; undefined takes a key out. */
  readonly metadata?: MetadataChanges;
  /** Inputs for the proof, e.g. those that a FeatureSet has kept. Default: random numbers in the model's input shape. */
  readonly inputs?: VerificationInputs;
  /** Where the inputs came from, for the report. */
  readonly inputsName?: string;
  /**
   * File name that the model will have. External data of the head is written to a file named after it.
   * Default 'model.onnx'.
   */
  readonly outName?: string;
  /** See RunnableOptions. @internal */
  readonly referAbove?: number;
}

/** What `save` wrote. */
export interface SavedModel {
  /** The path of the .onnx, as it was given. */
  readonly out: string;
  /** Of the .onnx, in lower-case hexadecimal. */
  readonly sha256: string;
  /** Files of new external data that earlier models of this name had and this one has not. */
  readonly unused?: readonly string[];
}

/** A changed model that was proven and not yet written. */
export class ChangedModel {
  /** Lower-case hexadecimal, of `bytes`. */
  readonly sha256: string;
  /** The head as the file holds it, rounded to its number type. */
  readonly head: LinearHead;
  /** What running the original and this file side by side showed. */
  readonly verification: Verification;
  /** What was done that a user should know (a bias added, a shared tensor copied, rounding). */
  readonly notes: readonly string[];
  /** External data of the head, new: files that belong beside the model. Empty where the head is in the model itself. */
  readonly sideFiles: readonly {
    /** Path from the model's folder, as the model names it. */
    readonly location: string;
    /** Content of the file. */
    readonly bytes: Uint8Array;
  }[];
  readonly #grafted: Grafted;
  readonly #source: ModelFile;

  /** @internal */
  constructor(grafted: Grafted, sha256: string, verification: Verification, source: ModelFile) {
    this.head = grafted.head;
    this.notes = grafted.notes;
    this.sideFiles = grafted.sideFiles;
    this.sha256 = sha256;
    this.verification = verification;
    this.#grafted = grafted;
    this.#source = source;
  }

  /** The complete .onnx file, made as one when it is first asked for; `save` writes it without that. */
  get bytes(): Uint8Array {
    return this.#grafted.bytes;
  }

  /**
   * Writes the model, external data first: at any moment `path` is the old model with its data or the new one with its own. New data
   * is in a file that is named after its content. External data that was not changed is copied along into another folder; a file that
   * is there already with the same bytes is left as it is, and one with other bytes is never replaced, as other models may need it.
   *
   * FILE_EXISTS (without `overwrite`, and of external data always), FILE_BUSY, FILE_CHANGED, FILE_UNWRITABLE; the target is then as it
   * was. `unused` are files of new data that earlier models of this name had and this one has not: no other model should need them.
   */
  async save(path: string, { overwrite = false }: { overwrite?: boolean } = {}): Promise<SavedModel> {
    const exists = (await platform.info(path)) !== undefined;
    if (exists && !overwrite) throw alreadyThere(path);
    // External data lies beside the file itself, not beside a link to it.
    const folder = platform.folderOf(exists ? await platform.realPath(path) : path);
    const lock = await platform.lockFile(path);
    try {
      await this.#assertNoData(path, folder);
      const sideFiles = await missingSideFiles(this.#grafted, this.#source, folder);
      // Before anything is written, so that a refusal leaves nothing behind.
      for (const { target, taken, own } of sideFiles) {
        if (taken && !own) throw takenBy(target, path);
        if (taken && !overwrite) throw alreadyThere(target);
      }
      await clearSideFiles(this.#grafted, folder);
      for (const { target, location, content, own } of sideFiles) {
        if (/[/\\]/.test(location)) await platform.makeFolder(platform.folderOf(target));
        // Data that is copied along has no owner: another run may copy it at the same time.
        await platform.writeFile(target, piecesOf(content), { overwrite: own && overwrite, locked: own });
      }
      await platform.writeFile(path, this.#grafted.parts, { overwrite });
      const unused = await unusedSideFiles(this.#grafted, folder);
      return { out: path, sha256: this.sha256, ...(unused.length > 0 && { unused }) };
    } finally {
      await lock.release();
    }
  }

  /** The model must not be written over data that it refers to itself. */
  async #assertNoData(path: string, folder: string): Promise<void> {
    const { sideFiles, keptSideFiles } = this.#grafted;
    const target = platform.joinPath(folder, platform.baseName(path));
    for (const location of [...sideFiles.map((file) => file.location), ...keptSideFiles]) {
      const data = platform.joinPath(folder, location);
      const exists = (await platform.info(data)) !== undefined && (await platform.info(path)) !== undefined;
      const same = exists
        ? (await platform.realPath(data)) === (await platform.realPath(path))
        : data === target;
      if (!same) continue;
      throw new TailorError(
        'FILE_UNWRITABLE',
        `Writing ${path}: the model keeps its numbers in a file of that name (external data ${quoted(location)}). Choose another name.`,
      );
    }
  }
}

function alreadyThere(path: string): TailorError {
  return new TailorError(
    'FILE_EXISTS',
    `Writing ${path}: it exists already. Choose another name, or allow overwriting (--force).`,
  );
}

function takenBy(data: string, path: string): TailorError {
  return new TailorError(
    'FILE_EXISTS',
    `Writing ${path}: its external data would replace ${data}, which is another model's: both cannot be replaced at once. ` +
      'Choose another folder, or remove what is there first.',
  );
}

/**
 * Puts `head` into a copy of the model and proves the copy by running it. Nothing is written.
 *
 * SHAPE_MISMATCH for a head of another size, HEAD_UNSUPPORTED, HEAD_OVERFLOW, VERIFICATION_FAILED.
 */
export async function changeModel(
  model: Model,
  head: LinearHead,
  options: ChangeModelOptions = {},
): Promise<ChangedModel> {
  // Not in the parameters: declarations show them, and have no referAbove.
  const { metadata, inputs, inputsName, outName = 'model.onnx', device, threads, referAbove } = options;
  const grafted = await graftHead(model.file, model.location, head, { metadata, outName });
  // Of a large model the weights that stay are referred to in the source: the file to be proven is then small.
  const { edits, folder } = await runnableEdits(model.file, undefined, { referAbove });
  const touched = new Set(grafted.edits.flatMap((edit) => ('into' in edit ? [`${edit.into}`] : [])));
  const staying = edits.filter((edit) => !('into' in edit && touched.has(`${edit.into}`)));
  const bytes =
    folder === undefined ? grafted.bytes : splice(model.file.bytes, [...grafted.edits, ...staying]);
  const changed: ModelFile = {
    bytes,
    proto: parseModel(bytes, 'the changed model'),
    folder: model.file.folder,
    sideFiles: new Map([
      ...(model.file.sideFiles ?? []),
      ...grafted.sideFiles.map(({ location, bytes }) => [location, bytes] as const),
    ]),
  };
  const verification = await verify({
    model,
    changed,
    head: grafted.head,
    inputs: inputs ?? randomInputs(model),
    inputsName: inputs ? (inputsName ?? 'the given inputs') : 'random numbers',
    ...{ device, threads, referAbove },
  });
  // onnxruntime reads data of large models by itself.
  await assertExternalDataSame(model.file);
  const { checksum } = model.file;
  const sha256 = await (checksum ? checksum.ofParts(grafted.parts) : platform.sha256(grafted.parts));
  return new ChangedModel(grafted, sha256, verification, model.file);
}
