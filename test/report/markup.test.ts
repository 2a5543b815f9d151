import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeMarkdown } from '../../src/report/markdown.js';
import { cleanText, digits, element, escapeText, join, Markup } from '../../src/report/markup.js';
import { expectWellFormed } from './well-formed.js';

describe('element', () => {
  it('escapes text and attributes, not markup', () => {
    expect(element('text', { class: '"a"<&', x: 1.006 }, '<b>', element('tspan', {}, "it's")).source).toBe(
      '<text class="&quot;a&quot;&lt;&amp;" x="1.01">&lt;b&gt;<tspan>it&#39;s</tspan></text>',
    );
  });

  it('leaves out what is undefined or false, and closes by itself what has no content', () => {
    expect(element('path', { d: 'M0 0', class: undefined, id: false }).source).toBe('<path d="M0 0"/>');
    expect(element('div', {}, undefined, false, '').source).toBe('<div></div>');
    expect(join('a', undefined, new Markup('<br/>')).source).toBe('a<br/>');
  });

  it('never draws a number that is none', () => {
    expect([0.005, -0.001, 12.3456, 1e9].map(digits)).toEqual(['0.01', '0', '12.35', '1000000000']);
    expect(() => digits(Number.NaN)).toThrow(RangeError);
    expect(() => element('rect', { x: Number.POSITIVE_INFINITY })).toThrow(/Infinity/);
  });
});

describe('escapeText', () => {
  it('replaces what XML cannot carry and takes off overrides of the direction', () => {
    expect(cleanText('a\u0000b\u001bc\u0085d\ud800e\uffff')).toBe('a\ufffdb\ufffdc\ufffdd\ufffde\ufffd');
    expect(cleanText('tab\tline\n😀\u202egnp')).toBe('tab\tline\n😀gnp');
  });

  it('gives well-formed XML, whatever the text', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'binary', maxLength: 60 }),
        fc.string({ maxLength: 40 }),
        async (a, b) => {
          const svg = element(
            'svg',
            { xmlns: 'http://www.w3.org/2000/svg', width: 1, height: 1, id: a },
            a,
            b,
          );
          await expectWellFormed(svg.source);
          expect(escapeText(b)).not.toMatch(/[<>"']|&(?!(amp|lt|gt|quot|#39);)/);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('escapeMarkdown', () => {
  it.each([
    ['a | b', 'a \\| b'],
    ['`x` *y* _z_', '\\`x\\` \\*y\\* \\_z\\_'],
    ['<img src=x>', '&#60;img src=x&#62;'],
    ['[a](javascript:b)', '\\[a\\](javascript:b)'],
    ['@someone #12 $x$', '&#64;someone &#35;12 &#36;x&#36;'],
    ['&lt; R&D a & b', '&#38;lt; R&#38;D a & b'],
    ['two\nlines', 'two lines'],
    ['- item', '\\- item'],
    ['---', '\\---'],
    ['1. item', '1\\. item'],
    ['+10.2', '+10.2'],
    ['65.6 %', '65.6 %'],
    ['back\\slash', 'back\\\\slash'],
  ])('%j', (text, expected) => {
    expect(escapeMarkdown(text)).toBe(expected);
  });

  it('leaves no line break, cell border or tag unescaped', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        const escaped = escapeMarkdown(text);
        expect(escaped).not.toMatch(/[\n\r<>@]/);
        expect(escaped.replace(/\\[\\`*_{}[\]|~!]/g, '')).not.toMatch(/[\\`*_[\]|]/);
      }),
    );
  });
});
