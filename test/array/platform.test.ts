import { readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openNpz } from '../../src/array/npz.js';
import { platform } from '../../src/array/platform.node.js';
import { temporaryFolder } from '../data/temporary-folder.js';
import { expectRefusal } from './expect-refusal.js';

const file = temporaryFolder();
const bytes = (text: string) => new TextEncoder().encode(text);

describe('writeFile', () => {
  it('leaves the target and no other file when the content fails half way', async () => {
    const path = file('kept/a.txt', 'before');
    async function* broken() {
      yield bytes('half');
      throw new Error('no more');
    }
    await expectRefusal(
      () => platform.writeFile(path, broken(), { overwrite: true }),
      'FILE_UNWRITABLE',
      /no more.*left as it was/,
    );
    expect(readFileSync(path, 'utf8')).toBe('before');
    expect(readdirSync(dirname(path))).toEqual(['a.txt']);
    await platform.writeFile(path, [bytes('after'), bytes('wards')], { overwrite: true });
    expect(readFileSync(path, 'utf8')).toBe('afterwards');
    expect(readdirSync(dirname(path))).toEqual(['a.txt']);
  });

  it('writes more than the disk is given at once, and fails behind it', async () => {
    const path = file('large/a.bin', 'before');
    const large = new Uint8Array(70 * 2 ** 20 + 3).map((_, i) => (i * 2_654_435_761) >>> 24);
    await platform.writeFile(path, [large, Uint8Array.of(1), large.subarray(5)], { overwrite: true });
    expect(await platform.sha256File(path)).toBe(
      await platform.sha256([large, Uint8Array.of(1), large.subarray(5)]),
    );
    async function* broken() {
      yield large;
      throw new Error('no more');
    }
    await expectRefusal(
      () => platform.writeFile(path, broken(), { overwrite: true }),
      'FILE_UNWRITABLE',
      /no more/,
    );
    expect((await platform.info(path))?.bytes).toBe(2 * large.length - 4);
    expect(readdirSync(dirname(path))).toEqual(['a.bin']);
  });

  it('refuses folders, missing folders, and what exists', async () => {
    const path = file('folder/b.txt', 'x');
    const write = (to: string, overwrite = false) => platform.writeFile(to, [bytes('y')], { overwrite });
    await expectRefusal(() => write(dirname(path), true), 'FILE_UNWRITABLE', /a folder of that name/);
    await expectRefusal(() => write(`${path}/c`), 'FILE_UNWRITABLE', /b\.txt/);
    await expectRefusal(() => write(file('none/c.txt')), 'FILE_UNWRITABLE', /none does not exist/);
    await expectRefusal(() => write(path), 'FILE_EXISTS', /--force/);
    expect(readFileSync(path, 'utf8')).toBe('x');
  });

  it.skipIf(process.platform === 'win32')('never puts a file in the place of a device', async () => {
    await expectRefusal(
      () => platform.writeFile('/dev/null', [bytes('y')], { overwrite: true }),
      'FILE_UNWRITABLE',
      /a device or pipe/,
    );
    expect((await platform.info('/dev/null'))?.kind).toBe('other');
    await expectRefusal(() => openNpz('/dev/null'), 'FILE_UNREADABLE', /device or pipe/);
  });
});

describe('readRange', () => {
  const path = file('range.bin', '0123456789');

  it('reads what is there', async () => {
    expect(new TextDecoder().decode(await platform.readRange(path, 3, 4))).toBe('3456');
    expect(await platform.readRange(path, 10, 0)).toEqual(new Uint8Array(0));
  });

  it('refuses what is not, and what no memory holds', async () => {
    await expectRefusal(() => platform.readRange(path, 8, 4), 'FORMAT_INVALID', /ends after 10/);
    await expectRefusal(() => platform.readRange(file('none'), 0, 1), 'FILE_NOT_FOUND', /none/);
    await expectRefusal(
      () => platform.readRange(path, 0, 2 ** 52),
      'LIMIT_EXCEEDED',
      /range\.bin: 4503599627370496/,
    );
  });
});
