/**
 * Decoding of picture files. `#pictures` resolves to pictures.node.ts (the optional package sharp) or
 * pictures.browser.ts (the browser's own decoder); both export `decodePicture` and `openPictureThreads` of these types.
 */
import type { Preprocess } from './preprocess.js';
import type { Picture } from './sample.js';

/**
 * Decodes a png, jpeg, webp, avif, gif or (Node only) tiff file: its first frame, turned upright by its EXIF orientation,
 * 8 bits a channel. Transparency is dropped and the colours underneath are kept, as PIL's convert('RGB') does (a page's
 * canvas loses the colour of what is wholly transparent: black there).
 * @param name the path, for messages.
 * @throws DEPENDENCY_MISSING (sharp is not installed), FORMAT_INVALID (damaged or not a picture), LIMIT_EXCEEDED.
 */
export type DecodePicture = (bytes: Uint8Array, name: string) => Promise<Picture>;

/** Picture files that become the rows of a batch. */
export interface PictureRows {
  /** One for each row. */
  readonly paths: readonly string[];
  /** For messages: the source that they are of. */
  readonly source: string;
  readonly preprocess: Preprocess;
  /** At least `preprocessDims` numbers for each path. Its memory is handed over and comes back in what is returned. */
  readonly rows: Float32Array;
}

/** Threads that read, decode and preprocess, so that the thread of the caller does not. */
export interface PictureThreads {
  /** Jobs that are done side by side. */
  readonly count: number;
  /**
   * The rows, filled in the order of the paths as decodePicture and preprocessPicture fill them. Throws what reading a file and
   * these throw, ABORTED when closed meanwhile, DEPENDENCY_MISSING or LIMIT_EXCEEDED where the thread itself fails.
   */
  fill(job: PictureRows): Promise<Float32Array>;
  /** Drops the jobs under way; resolves when the threads are gone. */
  close(): Promise<void>;
}

/** Starts the threads; undefined where there are none, as in a page. */
export type OpenPictureThreads = (count?: number) => PictureThreads | undefined;
