import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Preprocess, parsePreprocess, preprocessDims } from '../../src/data/preprocess.js';
import { preprocessPicture } from '../../src/data/preprocess-picture.js';
import { resample } from '../../src/data/resample.js';
import type { Picture } from '../../src/data/sample.js';
import { expectRefusal } from '../array/expect-refusal.js';

interface Golden {
  width: number;
  height: number;
  preprocess: Record<string, unknown>;
  /** HWC after resizing and cropping, hexadecimal. */
  pixels: string;
  every7th: number[];
}
const golden: Golden[] = JSON.parse(
  readFileSync(new URL('../fixtures/data/preprocess.json', import.meta.url), 'utf8'),
);

/** As picture() of data-preprocess.py. */
function pattern(width: number, height: number): Picture {
  const data = new Uint8Array(width * height * 3);
  let at = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) {
        const value = (x * 37 + y * 91 + c * 53 + x * y * 7) % 256;
        data[at++] =
          (Math.floor(x / 3) + Math.floor(y / 4) + c) % 2 === 0 ? value : 255 - Math.floor(value / 8);
      }
    }
  }
  return { width, height, channels: 3, data, fromFile: true };
}

function run(picture: Picture, preprocess: Preprocess): Float32Array {
  const target = new Float32Array(preprocessDims(preprocess).reduce((a, b) => a * b, 1));
  preprocessPicture(picture, preprocess, target);
  return target;
}

describe('preprocessPicture agrees with PIL and numpy', () => {
  it.each(
    golden.map((one) => [`${one.width}×${one.height} ${JSON.stringify(one.preprocess)}`, one] as const),
  )('%s', (_, one) => {
    const picture = pattern(one.width, one.height);
    const preprocess = parsePreprocess(one.preprocess, 'the fixture');
    // Pixels bit for bit: scale 1 and no mean show them.
    const bare: Preprocess = { ...preprocess, layout: 'NHWC', scale: 1, mean: undefined, std: undefined };
    const upright: Preprocess = bare.channels === 'BGR' ? { ...bare, channels: 'RGB' } : bare;
    expect(Buffer.from(Uint8Array.from(run(picture, upright))).toString('hex')).toBe(one.pixels);
    // Values: float64 arithmetic on both sides, rounded once.
    const values = run(picture, preprocess).filter((_, i) => i % 7 === 0);
    expect(values.length).toBe(one.every7th.length);
    values.forEach((value, i) => {
      expect(Math.abs(value - one.every7th[i])).toBeLessThanOrEqual(2e-7 * Math.max(1, Math.abs(value)));
    });
  });
});

const plain = parsePreprocess({ size: [2, 2] }, 'the test');
const square: Picture = {
  width: 2,
  height: 2,
  channels: 3,
  data: Uint8Array.from({ length: 12 }, (_, i) => i * 20),
};

describe('preprocessPicture', () => {
  it('is exact on a picture of the right size, at an offset, in each order', () => {
    const target = new Float32Array(14).fill(-1);
    preprocessPicture(square, { ...plain, scale: 0.5, mean: [1, 2, 3], std: [2, 4, 8] }, target, 1);
    const value = (pixel: number, c: number) => (pixel * 20 * 0.5 - [1, 2, 3][c]) / [2, 4, 8][c];
    const expected = [0, 1, 2].flatMap((c) => [0, 3, 6, 9].map((first) => value(first + c, c)));
    expect([...target]).toEqual([-1, ...expected, -1].map(Math.fround));
    const last = run(square, { ...plain, layout: 'NHWC', channels: 'BGR', scale: 1 });
    expect([...last.subarray(0, 6)]).toEqual([40, 20, 0, 100, 80, 60]);
  });

  it('uses another table for another preprocessing', () => {
    expect(run(square, { ...plain, scale: 1 })[1]).toBe(60);
    expect(run(square, { ...plain, scale: 2 })[1]).toBe(120);
  });

  it('converts channels of files, and refuses those of arrays naming both', async () => {
    const grey: Picture = { width: 2, height: 2, channels: 1, data: Uint8Array.of(1, 2, 3, 4) };
    expect([...run({ ...grey, fromFile: true }, { ...plain, scale: 1 })]).toEqual([
      1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4,
    ]);
    await expectRefusal(() => run(grey, plain), 'SHAPE_MISMATCH', /has 1 channel .*asks for 3 channels/);
    const one = parsePreprocess({ size: [2, 2], channels: 'GRAY' }, 'x');
    await expectRefusal(() => run(square, one), 'SHAPE_MISMATCH', /has 3 channels .*asks for 1 channel/);
  });

  it('refuses arrays of another size unless a resize is asked for by name', async () => {
    const picture = { ...pattern(4, 3), fromFile: false };
    await expectRefusal(() => run(picture, plain), 'SHAPE_MISMATCH', /3 × 4 .*2 × 2/);
    await expectRefusal(
      () => run(pattern(4, 3), { ...plain, resize: 'none' }),
      'SHAPE_MISMATCH',
      /3 × 4 .*2 × 2/,
    );
    expect(run(picture, { ...plain, resize: 'bilinear' })).toEqual(run(pattern(4, 3), plain));
  });

  it('refuses a target that is too small', async () => {
    await expectRefusal(
      () => preprocessPicture(square, plain, new Float32Array(12), 1),
      'SHAPE_MISMATCH',
      /12 numbers from place 1 do not fit 12/,
    );
  });
});

describe('resample', () => {
  it('keeps a constant picture constant and gives the asked size (property)', () => {
    const side = fc.integer({ min: 1, max: 40 });
    const filter = fc.constantFrom('nearest' as const, 'bilinear' as const, 'bicubic' as const);
    fc.assert(
      fc.property(side, side, side, side, fc.nat(255), filter, (w, h, width, height, level, chosen) => {
        const data = new Uint8Array(w * h).fill(level);
        const made = resample({ width: w, height: h, channels: 1, data }, width, height, chosen);
        expect([made.width, made.height, made.data.length]).toEqual([width, height, width * height]);
        expect([...new Set(made.data)]).toEqual([level]);
      }),
    );
  });
});

describe('resample of a strip', () => {
  it('refuses proportions that would need more memory than there is', async () => {
    const strip = (width: number, height: number): Picture => ({
      width,
      height,
      channels: 1,
      data: new Uint8Array(width * height),
      fromFile: true,
    });
    const grey = parsePreprocess({ size: [1000, 1000], channels: 'GRAY' }, 'x');
    const stretched = { ...grey, crop: 'none' as const };
    for (const [picture, preprocess] of [
      [strip(100_000, 1), grey],
      [strip(1, 100_000), grey],
      // Small in the end, but not between the two passes.
      [strip(1, 300_000), stretched],
    ] as const) {
      await expectRefusal(
        () => preprocessPicture(picture, preprocess, new Float32Array(1e6), 0, 'Reading x.png'),
        'LIMIT_EXCEEDED',
        /Reading x\.png: resizing it from .* at most 89478485 pixels/,
      );
    }
  });
});

describe('parsePreprocess', () => {
  it('takes keys that are undefined as absent', () => {
    const model = { size: [8, 9] } as const;
    const unset = {
      size: undefined,
      scale: undefined,
      mean: undefined,
      crop: undefined,
      resizeTo: undefined,
    };
    expect(parsePreprocess(unset, 'x', model)).toEqual(parsePreprocess({}, 'x', model));
  });

  it('fills in defaults', () => {
    expect(parsePreprocess({ size: [32, 24] }, 'x')).toEqual({
      layout: 'NCHW',
      size: [32, 24],
      resize: 'auto',
      crop: 'center',
      channels: 'RGB',
      scale: 1 / 255,
    });
    const model = { layout: 'NHWC', size: [8, 9], channels: 'GRAY' } as const;
    expect(parsePreprocess({}, 'x', model)).toMatchObject(model);
    expect(preprocessDims(parsePreprocess({}, 'x', model))).toEqual([8, 9, 1]);
    expect(preprocessDims(plain)).toEqual([3, 2, 2]);
  });

  it('takes what python-export writes', () => {
    const json = {
      layout: 'NCHW',
      size: [32, 32],
      resize: 'bilinear',
      crop: 'center',
      channels: 'RGB',
      scale: 1 / 255,
      mean: [0.4914, 0.4822, 0.4465],
      std: [0.247, 0.2435, 0.2616],
    };
    expect(parsePreprocess(json, 'model.onnx')).toEqual(json);
  });

  it.each([
    [null, /p\.json.*it is null/],
    [[], /it is \[\]/],
    [{ size: [2, 2], sizes: 1 }, /"sizes" is not known; allowed are layout, size/],
    [JSON.parse('{"size": [2, 2], "__proto__": 1}'), /"__proto__" is not known/],
    [{}, /size is left out/],
    [{ size: [0, 2] }, /size is \[0,2\]/],
    [{ size: [2] }, /size is \[2\]/],
    [{ size: 32 }, /size is 32/],
    [{ size: [2, 2], layout: 'HWC' }, /layout is "HWC"; allowed are NCHW, NHWC/],
    [{ size: [2, 2], resize: 'lanczos' }, /allowed are auto, none, nearest, bilinear, bicubic/],
    [{ size: [2, 2], channels: 'rgb' }, /channels is "rgb"/],
    [{ size: [2, 2], scale: 0 }, /scale is 0/],
    [{ size: [2, 2], scale: '1' }, /scale is "1"/],
    [{ size: [2, 2], scale: null }, /scale is null/],
    [{ size: null }, /size is null/],
    [{ size: [2, 2], mean: [1, 2] }, /mean is \[1,2\]; 3 finite numbers/],
    [{ size: [2, 2], channels: 'GRAY', std: [1, 1, 1] }, /std is \[1,1,1\]; 1 finite number in/],
    [{ size: [2, 2], std: [1, 0, 1] }, /std is \[1,0,1\]; every number must be above 0/],
    [{ size: [2, 2], mean: [1, null, 3] }, /mean is/],
    [{ size: [8, 9], resizeTo: 8 }, /resizeTo is 8; a whole number from 9/],
    [{ size: [8, 8], resizeTo: 9, crop: 'none' }, /resizeTo only goes with/],
  ])('refuses %j', async (json, message) => {
    await expectRefusal(() => parsePreprocess(json, 'p.json'), 'INVALID_ARGUMENT', message);
  });

  it.each([{ size: [20_000, 2] }, { size: [8, 8], resizeTo: 20_000 }])(
    'refuses %j above the limit',
    async (json) => {
      await expectRefusal(
        () => parsePreprocess(json, 'p.json'),
        'LIMIT_EXCEEDED',
        /20000.*at most 16384 pixels/,
      );
    },
  );
});
