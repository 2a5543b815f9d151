import { describe, expect, it } from 'vitest';
import type { Evaluation } from '../../src/evaluation/evaluate.js';
import type { ReportContent } from '../../src/report/content.js';
import { reportPlots } from '../../src/report/plots.js';
import { sampleContent } from './samples.js';
import { expectWellFormed, tagsOf } from './well-formed.js';

/** What a plot's texts say, in order. */
function textsOf(svg: string): string[] {
  return Array.from(svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g), ([, words]) => words);
}

function rects(svg: string, style: string) {
  return tagsOf(svg)
    .filter(({ name, attributes }) => name === 'rect' && attributes.class === style)
    .map(({ attributes: { x, y, width, height } }) => ({ x: +x, y: +y, width: +width, height: +height }));
}

const small = sampleContent({
  classes: 4,
  names: (k) => ['ant', 'bee', 'cow', 'dog'][k],
  imbalance: 8,
  largest: 800,
});

describe('plots', () => {
  it('are named by what they show, in the order of the report', () => {
    expect(Object.keys(reportPlots(sampleContent({ layers: 6 })))).toEqual([
      'accuracy',
      'confusion',
      'reliability',
      'cosine-1',
      'cosine-2',
      'class-mean-norms-1',
      'class-mean-norms-2',
      'weight-norms',
      'collapse',
      'layers-1',
      'random-layers',
    ]);
    expect(Object.keys(reportPlots(sampleContent({ sets: 1, answers: 'none', head: false })))).toEqual([
      'cosine',
      'class-mean-norms',
      'collapse',
    ]);
    expect(reportPlots({ title: '', provenance: [] })).toEqual({});
  });

  it.each(Object.entries(reportPlots(sampleContent({ layers: 6 }))))(
    '%s is a well-formed file with title and description',
    async (name, svg) => {
      await expectWellFormed(svg);
      const [root] = tagsOf(svg);
      expect(root).toMatchObject({ name: 'svg', attributes: { role: 'img' } });
      expect(root.attributes['aria-labelledby']).toBe(`${name}-title ${name}-desc`);
      expect(svg).toMatch(
        new RegExp(`<title id="${name}-title">[^<]+</title><desc id="${name}-desc">[^<]+</desc>`),
      );
      expect(svg).toContain('prefers-color-scheme: dark');
      expect(svg).not.toMatch(/NaN|Infinity|undefined|null/);
    },
  );

  it.each(['accuracy', 'confusion', 'cosine-1', 'class-mean-norms-1', 'collapse', 'reliability'])(
    '%s of a small report looks as it did',
    (name) => {
      const [, body] = reportPlots(small)[name].split('</style>');
      expect(body.replaceAll('><', '>\n<')).toMatchSnapshot();
    },
  );
});

/** An evaluation with given accuracies, all else as in the sample. */
function withAccuracies(
  content: ReportContent,
  before: (number | null)[],
  after: (number | null)[],
): ReportContent {
  const [one] = content.evaluations!;
  const changed = (of: Evaluation, perClass: (number | null)[]) => ({ ...of, perClass });
  return {
    ...content,
    evaluations: [{ ...one, before: changed(one.before, before), after: changed(one.after!, after) }],
  };
}

describe('accuracy', () => {
  const content = {
    ...withAccuracies(small, [0.1, 0.2, 0.3, null], [0.5, 0.1, 0.3, null]),
    trainCounts: [10, 400, 200, 100],
    diagnostics: undefined,
  };
  const { accuracy } = reportPlots(content);

  it('orders the classes by training samples', () => {
    expect(textsOf(accuracy).filter((words) => /^(ant|bee|cow|dog)$/.test(words))).toEqual([
      'bee',
      'cow',
      'dog',
      'ant',
    ]);
  });

  it('has bars as long as the training samples', () => {
    const [, ...bars] = rects(accuracy, 'back');
    expect(bars.map(({ width }) => width / bars[0].width)).toEqual([
      1,
      expect.closeTo(0.5, 3),
      expect.closeTo(0.25, 3),
      expect.closeTo(0.025, 3),
    ]);
  });

  it('draws a line from before to after, and says where there are no samples', () => {
    const lines = Array.from(
      accuracy.matchAll(/class="\w+ stroke" d="M([\d.]+) [\d.]+L([\d.]+)/g),
      ([, a, b]) => [+a, +b],
    );
    const zero = rects(accuracy, 'back')[1].x;
    const unit = 280;
    expect(lines.map((ends) => ends.map((end) => (end - zero) / unit))).toEqual([
      [expect.closeTo(0.2, 3), expect.closeTo(0.1, 3)],
      [expect.closeTo(0.3, 3), expect.closeTo(0.3, 3)],
      [expect.closeTo(0.1, 3), expect.closeTo(0.5, 3)],
    ]);
    expect(textsOf(accuracy)).toContain('no samples');
    expect(accuracy).toContain('1 class gained, 1 lost');
  });

  it('puts many classes into rows that average them', () => {
    const many = sampleContent({ classes: 300, largest: 600 });
    const texts = textsOf(reportPlots(many).accuracy);
    expect(texts.filter((words) => /^[\d,]+\.–[\d,]+\.$/.test(words))).toHaveLength(40);
    expect(texts).toContain('293.–300.');
  });
});

describe('cosine', () => {
  it('shows the matrix in the order of the counts, with its values', () => {
    const [first] = small.diagnostics!;
    const order = [0, 1, 2, 3].sort((a, b) => first.trainCounts[b] - first.trainCounts[a]);
    const titles = Array.from(
      reportPlots(small)['cosine-1'].matchAll(/<g><title>([^<]*)<\/title><rect/g),
      ([, t]) => t,
    );
    expect(titles).toHaveLength(16);
    const names = first.classNames!;
    expect(titles[1]).toBe(
      `${names[order[0]]}, ${names[order[1]]}: ${first.cosine.matrix![order[0]][order[1]]!.toFixed(3).replace('-', '−')}`,
    );
  });

  it('is drawn from blocks where there are too many classes for a matrix', () => {
    const content = sampleContent({ classes: 30, largest: 900, sets: 1 });
    const [diagnostics] = content.diagnostics!;
    const blocks = {
      blocks: [0, 10, 20].map((from) => Array.from({ length: 10 }, (_, i) => from + i)),
      differentClass: [
        [0.1, 0.2, null],
        [0.2, 0.3, 0.4],
        [null, 0.4, 0.5],
      ],
      sameClass: [0.7, null, 0.9],
    };
    const cosine = { ...diagnostics.cosine, matrix: null, blocks };
    const { cosine: svg } = reportPlots({ ...content, diagnostics: [{ ...diagnostics, cosine }] });
    expectWellFormed(svg);
    const cells = Array.from(svg.matchAll(/<g><title>([^<]*)<\/title><rect/g), ([, words]) => words);
    expect(cells).toHaveLength(9);
    expect(cells[1]).toMatch(/0\.200$/);
    expect(textsOf(svg)).toContain('same class');
    const { cosine: none } = reportPlots({
      ...content,
      diagnostics: [{ ...diagnostics, cosine: { ...cosine, blocks: undefined } }],
    });
    expect(none).toBeUndefined();
  });

  it('has a few paths instead of a million cells, and a row for same-class cosines', () => {
    const svg = reportPlots(sampleContent({ classes: 500, sets: 1, answers: 'none' })).cosine;
    expect(tagsOf(svg).length).toBeLessThan(200);
    expect(textsOf(svg)).toContain('same class');
    expect(svg.length).toBeLessThan(150_000);
  });

  it('means blocks over pairs of different classes', () => {
    const content = sampleContent({ classes: 120, sets: 1, answers: 'none' });
    const [diagnostics] = content.diagnostics!;
    // All different-class cosines 0.5 and same-class ones 1: every block must be 0.5, the strip 1.
    const matrix = Array.from({ length: 120 }, (_, k) =>
      Array.from({ length: 120 }, (_other, l) => (k === l ? 1 : 0.5)),
    );
    const svg = reportPlots({
      ...content,
      diagnostics: [{ ...diagnostics, cosine: { ...diagnostics.cosine, matrix } }],
    }).cosine;
    const styles = tagsOf(svg)
      .filter(({ name, attributes }) => name === 'path' && /^[pn]\d+$/.test(attributes.class ?? ''))
      .map(({ attributes }) => attributes.class);
    expect(styles).toEqual(['p10', 'p20']);
  });

  it('reaches below 0 only where there is something', () => {
    const [diagnostics] = small.diagnostics!;
    const withOne = (value: number) => {
      const matrix = diagnostics.cosine.matrix!.map((row, k) =>
        row.map((cell, l) => (k + l === 1 ? value : Math.abs(cell!))),
      );
      return textsOf(
        reportPlots({
          ...small,
          diagnostics: [{ ...diagnostics, cosine: { ...diagnostics.cosine, matrix } }],
        }).cosine,
      );
    };
    expect(withOne(0.2)).not.toContain('−0.5');
    expect(withOne(-0.4)).toContain('−0.5');
  });

  it('is left out where there is no matrix', () => {
    expect(
      Object.keys(reportPlots(sampleContent({ classes: 5000, sets: 1, answers: 'none' }))),
    ).not.toContain('cosine');
  });
});

describe('confusion', () => {
  it('has bars as long as the shares', () => {
    const rows = [
      {
        group: 'many' as const,
        classes: 1,
        samples: 9,
        predicted: { many: 0.9, few: 0.1 },
        right: 0.5,
        wrongWithin: 0.4,
      },
      {
        group: 'few' as const,
        classes: 2,
        samples: 9,
        predicted: { many: 0.75, few: 0.25 },
        right: 0.25,
        wrongWithin: 0,
      },
    ];
    const [one] = small.evaluations!;
    const { confusion } = reportPlots({
      ...small,
      evaluations: [{ ...one, confusion: { before: { rows } } }],
    });
    const unit = 302;
    // Rectangles end a unit early, so that neighbours stay apart.
    const share = (style: string) =>
      rects(confusion, style)
        .filter(({ height }) => height === 24)
        .map(({ width }) => (width + 1) / unit);
    expect(share('many fill')).toEqual([expect.closeTo(0.5, 3)]);
    expect(share('many-soft')).toEqual([expect.closeTo(0.4, 3), expect.closeTo(0.75, 3)]);
    expect(share('few-soft')).toEqual([expect.closeTo(0.1, 3)]);
    expect(confusion).toContain('few: taken for many, 75.0\u00a0%');
  });
});

describe('reliability', () => {
  it('marks each bin at its confidence and accuracy', () => {
    const [one] = small.evaluations!;
    const bin = (from: number, samples: number, confidence: number, accuracy: number) => ({
      from,
      to: from + 0.5,
      samples,
      confidence,
      accuracy,
    });
    const before = {
      ...one.before,
      samples: 100,
      reliability: [bin(0, 25, 0.25, 0.5), bin(0.5, 75, 0.75, 0.5)],
    };
    const { reliability } = reportPlots({ ...small, evaluations: [{ setName: 'test', before }] });
    const points = tagsOf(reliability)
      .filter(({ name, attributes }) => name === 'circle' && attributes.class === 'dot')
      .slice(-2)
      .map(({ attributes: { cx, cy } }) => [(+cx - 48) / 388, (330 - +cy) / 276]);
    expect(points).toEqual([
      [expect.closeTo(0.25, 3), expect.closeTo(0.5, 3)],
      [expect.closeTo(0.75, 3), expect.closeTo(0.5, 3)],
    ]);
    const bars = rects(reliability, 'fill').map(({ height }) => height);
    expect(bars[0] / bars[1]).toBeCloseTo(1 / 3, 3);
    expect(reliability).toContain('claim 12.5\u00a0% too much');
  });
});

describe('norms', () => {
  it('puts the classes at their counts on a log scale and at their norms from 0', () => {
    const [diagnostics] = small.diagnostics!;
    const plots = reportPlots({
      ...small,
      trainCounts: undefined,
      thresholds: undefined,
      diagnostics: [
        {
          ...diagnostics,
          trainCounts: [1000, 100, 10, 0],
          classMeanNorms: [1, 2, 3, 4],
          groups: ['many', 'many', 'many', 'few'],
        },
      ],
    });
    const svg = plots['class-mean-norms'];
    const marks = Array.from(
      svg.matchAll(/class="many dot" d="M([\d.]+) ([\d.]+)a[^>]*><title>/g),
      ([, x, y]) => [+x, +y],
    );
    expect(marks).toHaveLength(3);
    const [[x1, y1], [x2, y2], [x3, y3]] = marks;
    expect(x1 - x2).toBeCloseTo(x2 - x3, 1);
    expect(x1).toBeGreaterThan(x2);
    expect([y1, y2, y3].map((y) => (292 - y) / (292 - y1))).toEqual([
      1,
      expect.closeTo(2, 2),
      expect.closeTo(3, 2),
    ]);
    expect(svg).toContain('Not drawn, for lack of samples: 1 class.');
  });

  it('draws quantiles of many classes', () => {
    const svg = reportPlots(sampleContent({ classes: 3000, sets: 1, answers: 'none' }))['weight-norms'];
    expect(tagsOf(svg).length).toBeLessThan(120);
    expect(svg).toContain('about 125 classes');
  });
});
