import { describe, expect, it } from 'vitest';
import { head, load, made } from './paper-modules.js';

const { blocksOf, seedsText } = await load('aggregate.mjs');
const methods = ['ce', 'ce-wd', 'wd-etf'];

describe('blocksOf', () => {
  it('has one measurement a seed, in order, of the number of epochs with the most methods', () => {
    const [block, ...others] = blocksOf(
      [
        made({ method: 'ce-wd', epochs: 80, name: 'long' }),
        made({ method: 'ce-wd', seed: 2 }),
        made({ method: 'ce-wd', seed: 0 }),
        made({ method: 'ce' }),
      ],
      { methods },
    );
    expect(others).toEqual([]);
    expect(block.epochs).toBe(40);
    expect([...block.methods.keys()].sort()).toEqual(['ce', 'ce-wd']);
    expect(block.methods.get('ce-wd')?.map(({ model }) => model.seed)).toEqual([0, 2]);
    expect(block.leftOut).toEqual([
      'long is left out: it was trained for 80 epochs, and more methods were trained for 40 (2 against 1).',
    ]);
    expect(seedsText(block)).toBe('seed 0; seeds 0, 2 of WD');
  });

  it('counts the methods that are asked for, then all, then takes the longer training', () => {
    const all = [
      made({ method: 'ce-wd', epochs: 40 }),
      made({ method: 'ce-wd', epochs: 80 }),
      made({ method: 'cb', epochs: 40 }),
    ];
    expect(blocksOf(all, { methods })[0].epochs).toBe(40);
    expect(blocksOf(all.slice(0, 2), { methods })[0].epochs).toBe(80);
    expect(blocksOf(all.slice(0, 2), { methods })[0].leftOut).toEqual([
      'cifar10-resnet20-ce-wd-40-s0 is left out: it was trained for 40 epochs, and the models of 80 epochs are taken.',
    ]);
    const of80 = [...all, made({ method: 'ce', epochs: 80 })];
    expect(blocksOf(of80, { methods })[0].epochs).toBe(80);
  });

  it('keeps networks, data sets and their cuts apart, the network that is asked for first', () => {
    const blocks = blocksOf(
      [
        made({ method: 'ce' }),
        made({ method: 'ce', network: 'resnet34' }),
        made({ method: 'ce', imbalanceFactor: 0 }),
        made({ method: 'ce', imbalanceFactor: 1, seed: 1 }),
        made({ method: 'cb', dataset: 'mnist' }),
      ],
      { methods, first: 'resnet34' },
    );
    expect(blocks.map(({ network, methods: of }) => [network, of.get('ce')?.length])).toEqual([
      ['resnet34', 1],
      ['resnet20', 2],
      ['resnet20', 1],
    ]);
  });

  it('takes the setting that validation prefers, and one file a seed', () => {
    const scaled = (bnScale: number, percent: number, name: string, seed = 0) =>
      made({ method: 'wd-fixed-bn', bnScale, name, seed, heads: [head('none', [percent, 50, 50, 50])] });
    const runs = [
      scaled(0.1, 60, 'a'),
      scaled(0.05, 80, 'b'),
      scaled(0.05, 70, 'c', 1),
      scaled(0.05, 90, 'd'),
    ];
    const [block] = blocksOf(runs, { methods: ['wd-fixed-bn'] });
    expect(block.methods.get('wd-fixed-bn')?.map(({ model }) => model.name)).toEqual(['b', 'c']);
    expect(block.leftOut).toEqual([
      'a is left out: of WD fixed BN validation prefers weight decay 0.005, γ of BN 0.05 to weight decay 0.005, γ of BN 0.1.',
      'd is left out: seed 0 is there already.',
    ]);
  });

  it('has no block where no method is asked for', () => {
    expect(blocksOf([made({ method: 'cb' })], { methods })).toEqual([]);
    expect(blocksOf([], { methods })).toEqual([]);
  });
});
