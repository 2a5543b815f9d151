// Picture files in class folders, of every format that is read, damaged in headers and data.
import { join } from 'node:path';
import sharp from 'sharp';
import { imageFolder } from '../../dist/index.js';
import { damageBytes } from '../bytes.mjs';
import { EDGES } from '../random.mjs';

const [WIDTH, HEIGHT] = [24, 16];
const raw = () =>
  sharp(
    Buffer.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => i * 7),
    { raw: { width: WIDTH, height: HEIGHT, channels: 3 } },
  );

/** By ending; made once. */
const sound = {
  png: await raw().png().toBuffer(),
  jpg: await raw()
    .jpeg()
    .withExif({ IFD0: { Copyright: 'x' } })
    .toBuffer(),
  webp: await raw().webp().toBuffer(),
  gif: await raw().gif().toBuffer(),
  tiff: await raw().tiff().toBuffer(),
  svg: Buffer.from(
    '<svg xmlns="http://www.w3.org/2000/svg" width="24" height="16"><rect width="9" height="9"/></svg>',
  ),
};
const ENDINGS = ['png', 'png', 'jpg', 'jpg', 'webp', 'jpeg', 'bmp', 'gif', 'tiff', 'PNG'];
const SVGS = [
  '<svg width="1e9" height="1e9"/>',
  '<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/hostname">]><svg width="9" height="9">&x;</svg>',
  '<svg width="9" height="9"><image href="/etc/hostname"/></svg>',
];

/** The size that a PNG, JPEG or GIF says it has. */
function changeSize(bytes, random) {
  const copy = Buffer.from(bytes);
  const value = Number(BigInt.asUintN(32, BigInt(random.pick(EDGES))));
  if (copy[0] === 0x89) copy.writeUInt32BE(value, random.pick([16, 20]));
  else if (copy[0] === 0x47) copy.writeUInt16LE(value & 0xffff, random.pick([6, 8]));
  else {
    const frame = copy.indexOf(Buffer.from([0xff, 0xc0]));
    if (frame > 0) copy.writeUInt16BE(value & 0xffff, frame + random.pick([5, 7]));
  }
  return copy;
}

export async function make(random) {
  const pick = () => Buffer.from(random.chance(0.05) ? random.pick(SVGS) : random.pick(Object.values(sound)));
  let bytes = pick();
  if (random.chance(0.3)) bytes = changeSize(bytes, random);
  if (random.chance(0.75)) bytes = damageBytes(bytes, random, pick);
  const name = `pictures/a/case.${random.pick(ENDINGS)}`;
  return { files: { [name]: bytes, 'pictures/b/sound.png': sound.png }, main: name };
}

export async function use(folder) {
  const source = await imageFolder(join(folder, 'pictures'));
  let refusal;
  let read = 0;
  for (let i = 0; i < source.length; i++) {
    try {
      const { width, height, channels, data } = (await source.read(i)).picture;
      if (data.length !== width * height * channels)
        throw new Error(`${width} × ${height} × ${channels} and ${data.length} bytes`);
      read++;
    } catch (error) {
      if (error?.name !== 'TailorError') throw error;
      refusal = error;
    }
  }
  if (refusal) throw refusal;
  return `${read} read`;
}

export async function company() {
  const { GraphBuilder } = await import('../../dist/onnx/build.js');
  const g = new GraphBuilder();
  const wave = (length) => Float32Array.from({ length }, (_, i) => Math.sin(i * 1.7));
  const x = g.input('x', 'float32', ['n', 3, 4, 4]);
  g.output(
    g.gemm(g.op('Flatten', [x]), g.constant(wave(96), [2, 48]), g.constant(wave(2), [2]), { transB: 1 }),
    'y',
    'float32',
    ['n', 2],
  );
  return { 'model.onnx': g.build() };
}

export const commands = () => [
  ['extract', 'model.onnx', '--data', 'pictures', '--out', 'out.npz', '--device', 'cpu'],
  ['evaluate', 'model.onnx', '--data', 'pictures', '--bootstrap', '0', '--device', 'cpu'],
];
