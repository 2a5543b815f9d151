import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { load, made } from './paper-modules.js';

const { fillMarkers, reproductionSections } = await load('reproduction.mjs');

const root = resolve(import.meta.dirname, '../..');
const RESULTS = resolve(root, 'benchmarks/results/paper.json');
const committed = existsSync(RESULTS);
if (!committed)
  console.warn('Skipping what docs/reproduction.md says: benchmarks/results/paper.json is not there yet.');

describe('fillMarkers', () => {
  const doc = (inside: string) => `before\n<!-- paper:one -->\n${inside}<!-- /paper:one -->\nafter\n`;

  it('replaces what is between the markers, again and again', () => {
    const once = fillMarkers(doc(''), { one: '| a |\n' });
    expect(once).toBe(doc('\n| a |\n\n'));
    expect(fillMarkers(once, { one: '| a |' })).toBe(once);
    expect(fillMarkers(doc('old $1\n'), { one: 'cost: $1 & $&' })).toBe(doc('\ncost: $1 & $&\n\n'));
  });

  it('refuses sections without markers, and markers without a section or an end', () => {
    expect(() => fillMarkers(doc(''), { one: 'a', two: 'b' })).toThrow(/two/);
    expect(() => fillMarkers(doc(''), {})).toThrow(/one/);
    expect(() => fillMarkers('<!-- paper:one -->\n', { one: 'a' })).toThrow(/one/);
    expect(() => fillMarkers('a <!-- paper:one --> b <!-- /paper:one -->', { one: 'a' })).toThrow(/one/);
  });
});

describe('reproductionSections', () => {
  it('says what was measured, and what was not', () => {
    const sections = reproductionSections({
      measurements: [made({ method: 'ce', fdr: [20, 9] }), made({ method: 'ce-wd', fdr: [60, 21] })],
      noData: new Map([['cifar100', 'CIFAR100: no data.']]),
      leftOut: ['other.onnx does not say how it was trained.'],
    });
    expect(sections.models).toBe('- CIFAR10-LT (ρ = 100): ResNet20, 40 epochs; seed 0. Methods: CE, WD.');
    expect(sections.missing).toBe('- CIFAR100: no data.\n- other.onnx does not say how it was trained.');
    expect(sections.verdicts).toMatch(
      /^\d+ claims: \d+ held, \d+ partly, \d+ did not hold, \d+ not measured\.\n\n\| claim/,
    );
    expect(sections.claims).toContain('train FDR 60.0 (CE w/ WD) against 20.0 (CE w/o WD)');
    expect(sections.tables).toMatch(/### Table 5[^\n]*\n\nNothing was measured\.\n\n- CIFAR100: no data\./);
    expect(sections.tables).toMatch(/### Table 1\.[^\n]*\n\n\| Method/);
  });

  it('survives that there is nothing', () => {
    const sections = reproductionSections({ measurements: [], noData: new Map() });
    expect(sections.models).toBe('No model was measured.');
    expect(sections.missing).toBe('Nothing: every data set of the paper was at hand.');
    expect(Object.values(sections).join('\n')).not.toMatch(/undefined|NaN/);
  });
});

describe('docs/reproduction.md', () => {
  const doc = readFileSync(resolve(root, 'docs/reproduction.md'), 'utf8');

  it('has the markers of all sections', () => {
    const sections = reproductionSections({ measurements: [], noData: new Map() });
    expect(() => fillMarkers(doc, sections)).not.toThrow();
  });

  it.skipIf(!committed)('says in its generated parts what the committed measurements say', () => {
    const { measurements, noData, leftOut } = JSON.parse(readFileSync(RESULTS, 'utf8'));
    const sections = reproductionSections({ measurements, noData: new Map(Object.entries(noData)), leftOut });
    expect(doc).toBe(fillMarkers(doc, sections));
    expect(doc).not.toMatch(/(^|[\s(`'"])\/(home|root|tmp|work|Users)\//m);
    expect(measurements.map(({ data }: { data: string }) => data).join('\n')).not.toMatch(/[:=&]\//);
  });
});
