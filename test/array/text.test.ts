/** Names of files in messages: shown, and nothing else. */
import { describe, expect, it } from 'vitest';
import { TailorError } from '../../src/array/errors.js';
import { escapeUnprintable, listNames, printable } from '../../src/array/text.js';

describe('printable', () => {
  it.each([
    ['\x1b]0;title\x07\x1b[2J', '\\x1b]0;title\\x07\\x1b[2J'],
    ['\x9b31m\x7f\0', '\\x9b31m\\x7f\\x00'],
    ['a\r\nb\tc', 'a\\r\\nb\\tc'],
    ['cat\u202egnp.exe\u2066\u200e', 'cat\\u{202e}gnp.exe\\u{2066}\\u{200e}'],
    ['a\u200bb\ufeff\u2028\u00ad', 'a\\u{200b}b\\u{feff}\\u{2028}\\xad'],
    ['\ud800x\udfff', '\\u{d800}x\\u{dfff}'],
    ['\u{e0041}', '\\u{e0041}'],
  ])('%j', (name, shown) => {
    expect(printable(name)).toBe(shown);
  });

  it('leaves every letter as it is', () => {
    for (const name of ['Größe', '猫', 'قطة', 'نیم\u200cفاصله', 'क्\u200dष', '👩‍🔬', 'a\u0301', '<b>&"']) {
      expect(printable(name)).toBe(name);
    }
  });

  it('leaves out the middle of what is long, without cutting more than it says', () => {
    const name = `${'a'.repeat(150)}${'b'.repeat(99_900)}${'c'.repeat(50)}`;
    const shown = printable(name);
    expect(shown).toBe(`${'a'.repeat(100)}… 99950 more characters …${'c'.repeat(50)}`);
    expect(printable('x'.repeat(200))).toHaveLength(200);
    // Cut in the middle of a character.
    expect(printable(`${'x'.repeat(99)}😀${'x'.repeat(200)}`)).toMatch(/^x{99}\\u\{d83d\}… /);
  });

  it('keeps what it is told to', () => {
    expect(escapeUnprintable('a\n\tb\x1b', '\n\t')).toBe('a\n\tb\\x1b');
  });
});

describe('messages', () => {
  it('of an error are one line without control characters, of bounded length', () => {
    const { message } = new TailorError(
      'FORMAT_INVALID',
      `Reading x\n\x1b[31m${'y'.repeat(1e6)}: no. Do that.`,
    );
    expect(message).toMatch(/^Reading x\\n\\x1b\[31my+… \d+ more characters …y+: no\. Do that\.$/);
    expect(message.length).toBeLessThan(4000);
  });

  it('list names so, too', () => {
    expect(listNames(['a\x1b', 'b'.repeat(1000), 1], 3)).toMatch(
      /^a\\x1b, b{60}… 910 more characters …b{30}, 1$/,
    );
  });
});
