/** What a dropped file is, by its name: enough to say that it was dropped in the wrong place. */

/** Kinds of files that the page takes, and those that it should say more about than "no". */
export type FileKind = 'model' | 'features' | 'array' | 'text' | 'picture' | 'archive' | 'weights' | 'other';

const KINDS: readonly (readonly [FileKind, RegExp])[] = [
  ['model', /\.onnx$/i],
  ['features', /\.(npz|parquet)$/i],
  ['array', /\.npy$/i],
  ['text', /\.(json|txt|csv|tsv)$/i],
  ['picture', /\.(png|jpe?g|webp|avif|gif|tiff?|bmp|hei[cf])$/i],
  ['archive', /\.(zip|tar|tgz|gz|7z|rar)$/i],
  ['weights', /\.(pth?|ckpt|safetensors|h5|keras|pb|tflite|bin)$/i],
];

/** The kind of a file. */
export function kindOf(name: string): FileKind {
  return KINDS.find(([, pattern]) => pattern.test(name))?.[0] ?? 'other';
}

/** The kind in words, as in 'val.npz is a feature file'. */
export const KIND_WORDS: Readonly<Record<FileKind, string>> = {
  model: 'a model',
  features: 'a feature file',
  array: 'a single array',
  text: 'a text file',
  picture: 'a picture',
  archive: 'an archive',
  weights: 'a file of weights',
  other: 'no file that is used here',
};
