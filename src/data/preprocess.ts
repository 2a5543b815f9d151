/** How a picture becomes a model's input: the JSON of `--preprocess` and of the metadata key `onnx_tailor.preprocess`. */
import { TailorError } from '../array/errors.js';
import { limit, limitExceeded } from '../array/limits.js';

/**
 * Value = (pixel · scale − mean) / std with pixels of 0 … 255, after resizing and cropping. In JSON every key may be
 * left out.
 */
export interface Preprocess {
  /** Order of the axes after the batch: channels first or last. Default 'NCHW'. */
  readonly layout: 'NCHW' | 'NHWC';
  /** Height and width of the input. Default: the model's own, where it has them. */
  readonly size: readonly [height: number, width: number];
  /**
   * How a picture of another size is resampled: as PIL (and torchvision on PIL pictures) does, with antialiasing when
   * shrinking. 'none' refuses pictures of another size. Default 'auto': bilinear for picture files, while an array
   * (npz, IDX, CIFAR) of another size is refused.
   */
  readonly resize: 'auto' | 'none' | 'nearest' | 'bilinear' | 'bicubic';
  /**
   * 'center' (default): scale, keeping proportions, until the picture just covers `size` (or by `resizeTo`), then cut
   * out the centre. 'none': stretch to `size`.
   */
  readonly crop: 'center' | 'none';
  /** Only with crop 'center': length of the shorter side before the crop, e.g. 256 for the usual 256 → 224. */
  readonly resizeTo?: number;
  /** Order of the channels; GRAY is one channel (luma of ITU-R 601 from colour pictures). Default 'RGB'. */
  readonly channels: 'RGB' | 'BGR' | 'GRAY';
  /** Default 1/255. */
  readonly scale: number;
  /** Per channel in the order of `channels`, after scaling. Absent: 0. */
  readonly mean?: readonly number[];
  /** Per channel in the order of `channels`, after scaling; > 0. Absent: 1. */
  readonly std?: readonly number[];
}

/** What takes the place of absent keys; the rest as documented at `Preprocess`. */
export type PreprocessDefaults = Partial<Pick<Preprocess, 'layout' | 'size' | 'channels'>>;

const CHOICES = {
  layout: ['NCHW', 'NHWC'],
  resize: ['auto', 'none', 'nearest', 'bilinear', 'bicubic'],
  crop: ['center', 'none'],
  channels: ['RGB', 'BGR', 'GRAY'],
} as const;
const KEYS = ['layout', 'size', 'resize', 'crop', 'resizeTo', 'channels', 'scale', 'mean', 'std'];

/**
 * Checks a preprocessing that came as JSON and fills in defaults.
 * @param json the parsed JSON.
 * @param origin where it came from, for messages.
 * @param defaults what the model says, for keys that are left out.
 * @throws INVALID_ARGUMENT naming the key, what was found and what is allowed.
 */
export function parsePreprocess(
  json: unknown,
  origin: string,
  defaults: PreprocessDefaults = {},
): Preprocess {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw invalid(origin, `it is ${show(json)}; a JSON object with the keys ${KEYS.join(', ')} is needed`);
  }
  const given = new Map<string, unknown>(Object.entries(json));
  for (const key of given.keys()) {
    if (!KEYS.includes(key))
      throw invalid(origin, `the key "${key}" is not known; allowed are ${KEYS.join(', ')}`);
  }
  const channels = choice(given, 'channels', origin) ?? defaults.channels ?? 'RGB';
  // An absent key and one that is undefined (an option of the caller's that was not set) are the same.
  const size = given.get('size') === undefined ? defaults.size : parseSize(given.get('size'), origin);
  if (!size) {
    throw invalid(origin, 'size is left out and the model does not fix it; give "size": [height, width]');
  }
  const crop = choice(given, 'crop', origin) ?? 'center';
  const planes = channels === 'GRAY' ? 1 : 3;
  const scale = given.get('scale') === undefined ? 1 / 255 : given.get('scale');
  if (!(isFiniteNumber(scale) && scale !== 0)) {
    throw invalid(origin, `scale is ${show(scale)}; a finite number other than 0 is needed`);
  }
  const std = perChannel(given, 'std', planes, origin);
  if (std?.some((value) => value <= 0))
    throw invalid(origin, `std is ${show(std)}; every number must be above 0`);
  return {
    layout: choice(given, 'layout', origin) ?? defaults.layout ?? 'NCHW',
    size,
    resize: choice(given, 'resize', origin) ?? 'auto',
    crop,
    ...optional('resizeTo', parseResizeTo(given.get('resizeTo'), size, crop, origin)),
    channels,
    scale,
    ...optional('mean', perChannel(given, 'mean', planes, origin)),
    ...optional('std', std),
  };
}

/** Dims of the input that `preprocessPicture` fills, without the batch axis: [C, H, W] or [H, W, C]. */
export function preprocessDims({ layout, size, channels }: Preprocess): number[] {
  const planes = channels === 'GRAY' ? 1 : 3;
  return layout === 'NCHW' ? [planes, ...size] : [...size, planes];
}

function parseSize(value: unknown, origin: string): [number, number] {
  const ok = (side: unknown): side is number =>
    typeof side === 'number' && Number.isSafeInteger(side) && side > 0;
  if (Array.isArray(value) && value.length === 2 && ok(value[0]) && ok(value[1])) {
    assertSide(Math.max(value[0], value[1]), `size is ${show(value)}`, origin);
    return [value[0], value[1]];
  }
  throw invalid(
    origin,
    `size is ${show(value)}; [height, width] with whole numbers from 1 to ${limit('inputSide')} is needed`,
  );
}

function parseResizeTo(
  value: unknown,
  size: readonly number[],
  crop: Preprocess['crop'],
  origin: string,
): number | undefined {
  if (value === undefined) return undefined;
  if (crop !== 'center') throw invalid(origin, 'resizeTo only goes with "crop": "center"');
  const least = Math.max(...size);
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) {
    assertSide(value, `resizeTo is ${value}`, origin);
    return value;
  }
  throw invalid(
    origin,
    `resizeTo is ${show(value)}; a whole number from ${least} (the longer side of size) to ${limit('inputSide')} is needed`,
  );
}

function assertSide(side: number, found: string, origin: string): void {
  if (side <= limit('inputSide')) return;
  throw limitExceeded('inputSide', `Reading the preprocessing of ${origin}: ${found}`);
}

function perChannel(
  given: Map<string, unknown>,
  key: string,
  planes: number,
  origin: string,
): number[] | undefined {
  const value = given.get(key);
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.length === planes && value.every(isFiniteNumber)) return value;
  throw invalid(
    origin,
    `${key} is ${show(value)}; ${planes} finite number${planes > 1 ? 's' : ''} in [ ] are needed, one per channel`,
  );
}

function choice<K extends keyof typeof CHOICES>(
  given: Map<string, unknown>,
  key: K,
  origin: string,
): (typeof CHOICES)[K][number] | undefined {
  const value = given.get(key);
  if (value === undefined) return undefined;
  const allowed: readonly (typeof CHOICES)[K][number][] = CHOICES[key];
  const found = allowed.find((item) => item === value);
  if (found === undefined)
    throw invalid(origin, `${key} is ${show(value)}; allowed are ${allowed.join(', ')}`);
  return found;
}

function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: V });
}

function isFiniteNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 60);
}

function invalid(origin: string, found: string): TailorError {
  return new TailorError('INVALID_ARGUMENT', `Reading the preprocessing of ${origin}: ${found}.`);
}
