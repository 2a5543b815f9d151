/**
 * Decoding of picture files. `#pictures` resolves to pictures.node.ts (the optional package sharp) or
 * pictures.browser.ts (the browser's own decoder); both export `decodePicture` of this type.
 */
import type { Picture } from './sample.js';

/**
 * Decodes a png, jpeg, webp, avif, gif or (Node only) tiff file: its first frame, turned upright by its EXIF orientation,
 * 8 bits a channel. Transparency is dropped and the colours underneath are kept, as PIL's convert('RGB') does (a page's
 * canvas loses the colour of what is wholly transparent: black there).
 * @param name the path, for messages.
 * @throws DEPENDENCY_MISSING (sharp is not installed), FORMAT_INVALID (damaged or not a picture), LIMIT_EXCEEDED.
 */
export type DecodePicture = (bytes: Uint8Array, name: string) => Promise<Picture>;

/** Most pixels of a picture (about 268 million, sharp's own default): 800 MB once decoded; more is a mistake or an attack. */
export const MAX_PICTURE_PIXELS = 0x3fff * 0x3fff;
