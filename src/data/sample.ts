/** What a data source gives: pictures that are still to be preprocessed, or inputs that are fed to the model as they are. */
import type { NumericArray } from '../array/npy.js';

/** A decoded picture: 8 bits a channel, rows from the top, pixels interleaved (HWC). */
export interface Picture {
  /** Pixels of a row. */
  readonly width: number;
  /** Number of rows. */
  readonly height: number;
  /** 1 grey, 3 red-green-blue. */
  readonly channels: 1 | 3;
  /** [height · width · channels], 0 … 255. */
  readonly data: Uint8Array;
  /**
   * True for a picture from a picture file, whose size and channels are an accident of the file: it is resized, and
   * converted between grey and colour, as the model needs. Default false: an array (npz, IDX, CIFAR) of other channels
   * than the model's is an error, and so is one of another size unless the preprocessing asks for a resize by name.
   */
  readonly fromFile?: boolean;
}

/** One input of a model for one sample. `dims` has no batch axis. */
export interface SampleTensor {
  /** Numbers in C order; converted to the type of the input when they are fed. */
  readonly data: NumericArray;
  /** Shape of the sample; its product is the length of `data`. */
  readonly dims: readonly number[];
}

/** One sample. The keys of `inputs` are names of the model's inputs; '' stands for its only one. */
export type Sample =
  | {
      /** It is still to be preprocessed. */
      readonly kind: 'picture';
      /** Decoded. */
      readonly picture: Picture;
    }
  | {
      /** It is fed as it is. */
      readonly kind: 'tensor';
      /** By name of the input. */
      readonly inputs: Readonly<Record<string, SampleTensor>>;
    };

/** What tells one state of a source's files from another without reading them. */
export interface SourceFingerprint {
  /** Of names (from the source's folder on), sizes and what was chosen of them; the same for a copy on another machine. */
  readonly sha256: string;
  /** When the newest of the files was written, in milliseconds since 1970; null where that is not known. */
  readonly modified: number | null;
}

/** Samples by index, with labels where they are known. */
export interface DataSource {
  /** For messages and provenance: the path, and what was chosen of it. */
  readonly name: string;
  /** Number of samples. */
  readonly length: number;
  /** Class index of each sample, [length]. */
  readonly labels?: Int32Array;
  /** Class names by class index. */
  readonly classes?: readonly string[];
  /** Reads sample 0 … length−1. May be called again before earlier reads are done. Throws FORMAT_INVALID and the like, with its name. */
  read(index: number): Sample | Promise<Sample>;
  /** What sample `index` is called, e.g. the path of its picture; default its number. */
  sampleName?(index: number): string;
  /**
   * The picture file of sample `index`, where `read` does nothing but decode it: threads of their own may then do so. Absent for
   * everything else.
   */
  picturePath?(index: number): string;
  /**
   * What tells whether the source is the one it was before: names, sizes and times of its files, not their contents. Absent
   * where there are no files, as for arrays in memory. Labels are not part of it.
   */
  fingerprint?(): Promise<SourceFingerprint>;
  /** Lets go of what the source holds. */
  close?(): Promise<void>;
}
