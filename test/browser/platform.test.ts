/** platform.browser.ts itself: what a page has, and how it says what it has not. */
import { describe, expect, it, vi } from 'vitest';
import { openNpz } from '../../src/array/npz.js';
import { platform } from '../../src/array/platform.browser.js';
import type { Platform } from '../../src/array/platform.js';
import { expectRefusal } from '../array/expect-refusal.js';

const bytes = (text: string) => new TextEncoder().encode(text);
const ABC = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

describe('files', () => {
  it.each<[keyof Platform, (page: Platform) => Promise<unknown>]>([
    ['readFile', (page) => page.readFile('a/m.onnx')],
    ['readRange', (page) => page.readRange('a/m.onnx', 0, 1)],
    ['info', (page) => page.info('a/m.onnx')],
    ['listFolder', (page) => page.listFolder('a/m.onnx')],
    ['writeFile', (page) => page.writeFile('a/m.onnx', [bytes('x')], { overwrite: true })],
    ['lockFile', (page) => page.lockFile('a/m.onnx')],
    ['removeFile', (page) => page.removeFile('a/m.onnx')],
    ['clearBehind', (page) => page.clearBehind('a/m.onnx')],
    ['readHashed', (page) => page.readHashed('a/m.onnx')],
    ['sha256File', (page) => page.sha256File('a/m.onnx')],
    ['makeFolder', (page) => page.makeFolder('a/m.onnx')],
    ['realPath', (page) => page.realPath('a/m.onnx')],
  ])('%s refuses, and says what to pass instead of a path', async (_, call) => {
    await expectRefusal(() => call(platform), 'FILE_UNREADABLE', /a\/m\.onnx.*Pass the bytes \(Uint8Array\)/);
  });

  it('has nothing else that tests would not see', () => {
    const files = [
      ...['readFile', 'readRange', 'info', 'listFolder', 'writeFile', 'removeFile', 'makeFolder'],
      ...['realPath', 'sha256File', 'lockFile', 'clearBehind', 'readHashed'],
    ];
    const others = ['sha256', 'crc32', 'joinPath', 'folderOf', 'baseName', 'seconds'];
    expect(Object.keys(platform).sort()).toEqual([...files, ...others].sort());
  });
});

describe('the rest', () => {
  it('sha256 and crc32 are those of the test vectors', async () => {
    expect(await platform.sha256(bytes('abc'))).toBe(ABC);
    expect(await platform.sha256(bytes('xabcx').subarray(1, 4))).toBe(ABC);
    expect(await platform.sha256([bytes('a'), bytes('bc')])).toBe(ABC);
    expect(platform.crc32(bytes('123456789'))).toBe(0xcbf43926);
    expect(platform.crc32(bytes('6789'), platform.crc32(bytes('12345')))).toBe(0xcbf43926);
  });

  it('sha256 works where the browser gives a page no cryptography', async () => {
    vi.stubGlobal('crypto', { getRandomValues: crypto.getRandomValues });
    try {
      expect(await platform.sha256(bytes('abc'))).toBe(ABC);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it('takes paths apart and joins them as Node does', () => {
    expect(platform.joinPath('a/', '/b', 'c.npz')).toBe('a/b/c.npz');
    expect(['/a/b.c', 'a/b.c', 'b.c', '/b'].map(platform.folderOf)).toEqual(['/a', 'a', '.', '/']);
    expect(['/a/b.c', 'b.c'].map(platform.baseName)).toEqual(['b.c', 'b.c']);
  });

  it('has a clock that does not go back', () => {
    const first = platform.seconds();
    expect(platform.seconds()).toBeGreaterThanOrEqual(first);
  });
});

it('the tests of other modules see files, through the platform that they are given', async () => {
  const given = await import('#platform');
  expect((await given.platform.info('/package.json'))?.kind).toBe('file');
  await expectRefusal(() => openNpz('/none.npz'), 'FILE_NOT_FOUND', /none\.npz/);
  await expectRefusal(() => given.platform.writeFile('/none.npz', []), 'FILE_UNWRITABLE', /EROFS/);
});
