/** A model with a new head: put in, proven, and written so that the target is either as before or complete. */
import { platform } from '#platform';
import { TailorError } from '../array/errors.js';
import type { LinearHead } from '../array/linear-head.js';
import type { VerificationInputs } from '../features/feature-set.js';
import type { Model } from '../features/model.js';
import { type Grafted, graftHead } from '../onnx/graft.js';
import type { MetadataChanges } from '../onnx/metadata.js';
import { type ModelFile, parseModel } from '../onnx/model-file.js';
import { runnableEdits } from '../onnx/runnable.js';
import { splice } from '../onnx/splice.js';
import type { SessionOptions } from '../runtime/session.js';
import { randomInputs } from './random-inputs.js';
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

/** A changed model that was proven and not yet written. */
export class ChangedModel {
  /** Lower-case hexadecimal, of `bytes`. */
  readonly sha256: string;
  /** The head as the file holds it, rounded to its number type. */
  readonly head: LinearHead;
  readonly verification: Verification;
  /** What was done that a user should know (a bias added, a shared tensor copied, rounding). */
  readonly notes: readonly string[];
  /** External data of the head, new: files that belong beside the model. Empty where the head is in the model itself. */
  readonly sideFiles: readonly { readonly location: string; readonly bytes: Uint8Array }[];
  readonly #grafted: Grafted;
  readonly #sourceFolder: string | undefined;

  /** @internal */
  constructor(
    grafted: Grafted,
    sha256: string,
    verification: Verification,
    sourceFolder: string | undefined,
  ) {
    this.head = grafted.head;
    this.notes = grafted.notes;
    this.sideFiles = grafted.sideFiles;
    this.sha256 = sha256;
    this.verification = verification;
    this.#grafted = grafted;
    this.#sourceFolder = sourceFolder;
  }

  /** The complete .onnx file, made as one when it is first asked for; `save` writes it without that. */
  get bytes(): Uint8Array {
    return this.#grafted.bytes;
  }

  /**
   * Writes the model (external data first, so that the .onnx never stands without it). External data that was not
   * changed is copied along into another folder; a file that is there already with the same bytes is left as it is.
   * FILE_EXISTS unless `overwrite`, FILE_UNWRITABLE; the target is then as it was.
   */
  async save(
    path: string,
    { overwrite = false }: { overwrite?: boolean } = {},
  ): Promise<{ out: string; sha256: string }> {
    const exists = (await platform.info(path)) !== undefined;
    if (exists && !overwrite) throw alreadyThere(path);
    // External data lies beside the file itself, not beside a link to it.
    const folder = platform.folderOf(exists ? await platform.realPath(path) : path);
    const sideFiles = await this.#missingSideFiles(folder);
    // Before anything is written, so that a refusal leaves nothing behind.
    for (const { target, taken } of sideFiles) if (taken && !overwrite) throw alreadyThere(target);
    for (const { target, location, read } of sideFiles) {
      if (/[/\\]/.test(location)) await platform.makeFolder(platform.folderOf(target));
      await platform.writeFile(target, [await read()], { overwrite });
    }
    await platform.writeFile(path, this.#grafted.parts, { overwrite });
    return { out: path, sha256: this.sha256 };
  }

  /** External data, new and kept, that `folder` does not hold yet with the same bytes. */
  async #missingSideFiles(folder: string): Promise<SideFile[]> {
    // Without its folder the model cannot be written either, and that says it better.
    if ((await platform.info(folder)) === undefined) return [];
    const { sideFiles, keptSideFiles } = this.#grafted;
    const wanted = sideFiles.map(({ location, bytes }) => ({ location, read: async () => bytes }));
    const source = this.#sourceFolder;
    if (source !== undefined && (await platform.realPath(folder)) !== (await platform.realPath(source))) {
      for (const location of keptSideFiles) {
        wanted.push({ location, read: () => platform.readFile(platform.joinPath(source, location)) });
      }
    }
    const missing: SideFile[] = [];
    for (const { location, read } of wanted) {
      const target = platform.joinPath(folder, location);
      const there = await platform.info(target);
      if (there?.kind === 'file' && sameBytes(await platform.readFile(target), await read())) continue;
      missing.push({ location, read, target, taken: there !== undefined });
    }
    return missing;
  }
}

interface SideFile {
  /** As the model names it. */
  readonly location: string;
  readonly target: string;
  /** Whether something else is there. */
  readonly taken: boolean;
  read(): Promise<Uint8Array>;
}

function alreadyThere(path: string): TailorError {
  return new TailorError(
    'FILE_EXISTS',
    `Writing ${path}: it exists already. Choose another name, or allow overwriting (--force).`,
  );
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/**
 * Puts `head` into a copy of the model and proves the copy by running it. Nothing is written.
 *
 * SHAPE_MISMATCH for a head of another size, HEAD_UNSUPPORTED, HEAD_OVERFLOW, VERIFICATION_FAILED.
 */
export async function changeModel(
  model: Model,
  head: LinearHead,
  {
    metadata,
    inputs,
    inputsName,
    outName = 'model.onnx',
    device,
    threads,
    referAbove,
  }: ChangeModelOptions = {},
): Promise<ChangedModel> {
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
  return new ChangedModel(grafted, await platform.sha256(grafted.parts), verification, model.file.folder);
}
