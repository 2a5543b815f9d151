import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Advice } from '../../src/diagnostics/diagnostics.js';
import type { ReportContent } from '../../src/report/content.js';
import { reportHtml } from '../../src/report/html.js';
import { reportMarkdown } from '../../src/report/markdown.js';
import { reportPlots } from '../../src/report/plots.js';
import { HOSTILE_NAMES, type SampleOptions, sampleContent } from './samples.js';
import { expectWellFormed, expectWellFormedPage, tagsOf } from './well-formed.js';

/** All that a report may consist of. */
const TAGS = new Set(
  (
    'html head meta title style body main header section h1 h2 h3 p dl dt dd div span ul li strong code figure figcaption ' +
    'table caption thead tbody tr th td details summary svg desc g path rect circle text'
  ).split(' '),
);
const ATTRIBUTES = new Set(
  (
    'lang dir charset name content http-equiv class id scope open role aria-labelledby viewBox xmlns d x y width height cx cy r ' +
    'text-anchor transform shape-rendering'
  ).split(' '),
);

function expectHarmless(markup: string): void {
  const tags = tagsOf(markup);
  expect(tags.map(({ name }) => name).filter((name) => !TAGS.has(name))).toEqual([]);
  expect(
    tags.flatMap(({ attributes }) => Object.keys(attributes)).filter((name) => !ATTRIBUTES.has(name)),
  ).toEqual([]);
}

const sectionsOf = (html: string) => Array.from(html.matchAll(/<h2>([^<]*)<\/h2>/g), ([, title]) => title);

describe('reportHtml', () => {
  const whole = sampleContent({ layers: 8, intervals: true });
  const html = reportHtml(whole);

  it('is one well-formed page without script and without anything from elsewhere', async () => {
    await expectWellFormedPage(html);
    expectHarmless(html);
    expect(html).not.toMatch(/<script|<link|<img|@import|url\(|https?:(?!\/\/www\.w3\.org)/);
    expect(html).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
  });

  it('has every section, and ids only once', () => {
    expect(sectionsOf(html)).toEqual([
      'What to do',
      'Answers',
      'Features',
      'Neural collapse',
      'Layers',
      'Classes',
      'What to read with care',
      'Provenance',
    ]);
    const ids = tagsOf(html).flatMap(({ attributes: { id } }) => id ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { attributes } of tagsOf(html)) {
      for (const id of attributes['aria-labelledby']?.split(' ') ?? []) expect(ids).toContain(id);
    }
  });

  it('says the result first, with interval and method', () => {
    const { before, after } = whole.evaluations![0];
    const percent = (share: number) => `${(share * 100).toFixed(1)}\u00a0%`;
    expect(html).toContain(
      `<p class="verdict">Average accuracy on test: ${percent(before.average)} → ${percent(after!.average)}</p>`,
    );
    expect(html).toContain('Chosen: multiplicative, gamma 0.2, convention paper.');
    expect(html).toContain('+13.0 points (95 % interval +8.5 … +17.5)');
    for (const [what, which] of whole.provenance) expect(html).toContain(`<dt>${what}</dt><dd>${which}</dd>`);
  });

  it('shows intervals, train and test side by side, and why figures are missing', () => {
    expect(html).toContain('38.4 (35.7 … 40.7)');
    expect(html).toMatch(/<th scope="col">train<\/th><th scope="col">test<\/th>/);
    const noHead = reportHtml(sampleContent({ head: false, answers: 'none', emptyEvery: 3 }));
    expect(noHead).toContain(
      '<td class="text">collapse.nc3</td><td class="text prose">no head was given (--model or --head)</td>',
    );
    expect(noHead).toContain('Classes with few samples in train');
  });

  it('leaves out what there is nothing for', async () => {
    const empty = reportHtml({ title: 'Nothing', provenance: [] });
    expect(sectionsOf(empty)).toEqual([]);
    await expectWellFormedPage(empty);
    const before = reportHtml(sampleContent({ answers: 'before', sets: 0 }));
    expect(sectionsOf(before)).toEqual(['Answers', 'Classes', 'Provenance']);
    expect(before).not.toContain('→');
  });

  it('says it where the original head was kept', () => {
    const kept: ReportContent = { ...whole, recalibration: { ...whole.recalibration!, kept: true } };
    expect(reportHtml(kept)).toContain(
      '<p class="verdict">The original head was kept: nothing did better beyond noise</p>',
    );
  });

  it('says once what both sets say, and asks for the first problem in the head-line', () => {
    const advice = (rule: string, kind: Advice['kind'], evidence: string): Advice => ({
      rule,
      kind,
      evidence,
      action: `Use \`recalibrate\` for ${rule}.`,
      source: 'nobody',
    });
    const content = sampleContent({ answers: 'none' });
    const [train, test] = content.diagnostics!;
    const page = reportHtml({
      ...content,
      advice: [advice('together', 'problem', 'They differ.')],
      diagnostics: [
        { ...train, advice: [advice('a', 'problem', 'Same.'), advice('b', 'caution', 'One.')] },
        { ...test, advice: [advice('a', 'problem', 'Same.'), advice('b', 'caution', 'Other.')] },
      ],
    });
    expect(page.split('<strong>Same.</strong>')).toHaveLength(2);
    expect(page).toContain('<strong>train: One.</strong></p><p><strong>test: Other.</strong>');
    expect(page).toContain('<p class="verdict">They differ</p>');
    expect(page).toContain('Use <code>recalibrate</code> for a.');
  });

  it('takes a set without training counts: class order, no groups', async () => {
    const content = sampleContent({ sets: 0 });
    const page = reportHtml({
      title: content.title,
      evaluations: content.evaluations!.map(({ setName, before }) => ({ setName, before })),
      provenance: [],
    });
    await expectWellFormedPage(page);
    expect(page).toContain('One row per class.');
    expect(page).not.toContain('trained on');
  });
});

/** Markdown without what is escaped and without the code spans of commands. */
function bareMarkdown(markdown: string): string {
  return markdown.replaceAll(/\\\S/g, '').replaceAll(/`[a-z][a-z0-9 -]*`/g, '');
}

describe('names that try to break out', () => {
  const options: SampleOptions = {
    classes: HOSTILE_NAMES.length,
    names: (k) => HOSTILE_NAMES[k],
    largest: 400,
  };

  it.each([2, 17, 61, 150])('stay text in a report of %i classes', async (classes) => {
    const content = sampleContent({
      ...options,
      classes,
      names: (k) => HOSTILE_NAMES[k % HOSTILE_NAMES.length],
    });
    const html = reportHtml(content);
    await expectWellFormedPage(html);
    expectHarmless(html);
    for (const svg of Object.values(reportPlots(content))) {
      await expectWellFormed(svg);
      expectHarmless(svg);
    }
  });

  it('stay text wherever else a string comes from outside', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.constantFrom(...HOSTILE_NAMES), fc.string({ unit: 'binary', maxLength: 30 })),
        fc.constantFrom(...HOSTILE_NAMES),
        async (a, b) => {
          const content = sampleContent({ classes: 3, names: () => a });
          const [one] = content.evaluations!;
          const hostile: ReportContent = {
            ...content,
            title: b,
            setNames: [a, b],
            diagnostics: content.diagnostics!.map((diagnostics) => ({
              ...diagnostics,
              name: a,
              missing: [{ figure: a, reason: b }],
              smallClasses: [{ class: 0, name: b, samples: 1, figures: [a, b] }],
              advice: [{ rule: a, kind: 'problem', evidence: b, action: a, source: b }],
            })),
            evaluations: [{ ...one, setName: a, note: b }],
            recalibration: {
              ...content.recalibration!,
              method: a,
              parameters: { [b]: a },
              selectedOn: b,
              notes: [a],
            },
            provenance: [[a, b]],
          };
          for (const changed of [hostile, { ...hostile, evaluations: undefined, recalibration: undefined }]) {
            const html = reportHtml(changed);
            await expectWellFormedPage(html);
            expectHarmless(html);
            for (const svg of Object.values(reportPlots(changed))) await expectWellFormed(svg);
            expect(bareMarkdown(reportMarkdown(changed))).not.toMatch(/[<`]|\]\(/);
          }
        },
      ),
      { numRuns: 25 },
    );
  });
});

describe('size', () => {
  it.each([
    [1000, 2_000_000, 20_000],
    [10_000, 3_000_000, 20_000],
  ])('%i classes', (classes, bytes, elements) => {
    const html = reportHtml(sampleContent({ classes, imbalance: 256, layers: 150, emptyEvery: 7 }));
    expect(new TextEncoder().encode(html).length).toBeLessThan(bytes);
    const drawn = Array.from(html.matchAll(/<svg.*?<\/svg>/gs), ([svg]) => tagsOf(svg).length);
    expect(drawn.length).toBeGreaterThan(5);
    expect(drawn.reduce((a, b) => a + b)).toBeLessThan(elements);
  });
});

describe('reportMarkdown', () => {
  const markdown = reportMarkdown(sampleContent());

  it('has verdict, advice and tables whose rows have the same number of cells', () => {
    expect(markdown).toMatch(/^## cifar10-lt-resnet20.onnx\n\n\*\*Average accuracy on test: /);
    expect(markdown).toContain('- **problem**: ');
    const tables = markdown
      .trim()
      .split('\n\n')
      .filter((block) => block.startsWith('|'));
    expect(tables.length).toBeGreaterThan(5);
    for (const table of tables) {
      const cells = table.split('\n').map((line) => line.replaceAll('\\|', '').split('|').length);
      expect(new Set(cells).size).toBe(1);
    }
  });

  it('keeps its tables whole whatever the classes are called', () => {
    const text = reportMarkdown(
      sampleContent({ classes: HOSTILE_NAMES.length, names: (k) => HOSTILE_NAMES[k], largest: 400 }),
    );
    expect(text).not.toMatch(/<script|<img/);
    for (const table of text
      .trim()
      .split('\n\n')
      .filter((block) => block.startsWith('|'))) {
      const cells = table.split('\n').map((line) => line.replaceAll(/\\./g, '').split('|').length);
      expect(new Set(cells).size).toBe(1);
    }
  });

  it('fits into an issue with any number of classes', () => {
    for (const classes of [60, 61, 1000]) {
      expect(reportMarkdown(sampleContent({ classes, largest: 400 })).length).toBeLessThan(65_536);
    }
  });
});
