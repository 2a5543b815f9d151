/** The worker's verbs, through the messages that a page and its worker exchange, over a channel of Node. */
import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeNpz, readNpz } from '../../src/array/npz.js';
import { createRandom } from '../../src/array/random.js';
import { parsePrior } from '../../src/data/read-counts.js';
import { openModel } from '../../src/features/model.js';
import { readFeatures } from '../../src/features/read-features.js';
import { recalibrate } from '../../src/recalibrate/recalibrate.js';
import { connect, type Engine, type Port } from '../../src/web/engine/client.js';
import { handlersOf } from '../../src/web/engine/handlers.js';
import type { AdjustChoice, FileInput, Progress } from '../../src/web/engine/protocol.js';
import { type PagePort, serve } from '../../src/web/engine/serve.js';
import { Session } from '../../src/web/engine/session.js';

const MODEL = 'models/cifar10-lt-resnet20-wd.onnx';
const DIMENSIONS = 64;

/** Labelled features around one centre per class. */
function features(
  samples: number,
  seed: number,
  extra: Record<string, never> | object = {},
): Uint8Array<ArrayBuffer> {
  const random = createRandom(seed);
  const centres = createRandom(7);
  const means = Float32Array.from({ length: 10 * DIMENSIONS }, () => centres() * 2);
  const labels = Int32Array.from({ length: samples }, (_, i) => i % 10);
  const data = Float32Array.from({ length: samples * DIMENSIONS }, (_, at) => {
    const k = labels[Math.floor(at / DIMENSIONS)];
    return Math.max(0, means[k * DIMENSIONS + (at % DIMENSIONS)] + random() * 3 - 1.5);
  });
  return encodeNpz({
    features: { shape: [samples, DIMENSIONS], data },
    labels: { shape: [samples], data: labels },
    ...extra,
  });
}

let engine: Engine;
let channel: MessageChannel;
let model: FileInput;

beforeEach(async () => {
  channel = new MessageChannel();
  serve(channel.port2 as unknown as PagePort, handlersOf(new Session({ device: 'cpu', threads: 1 })));
  channel.port1.start();
  channel.port2.start();
  engine = connect(channel.port1 as unknown as Port);
  model = { name: 'classifier.onnx', data: new Blob([await readFile(MODEL)]) };
});

afterEach(() => {
  channel.port1.close();
  channel.port2.close();
});

const npz = (name: string, data: Uint8Array<ArrayBuffer>) =>
  ({ kind: 'npz', file: { name, data: new Blob([data]) } }) as const;

async function open(withTrain = false) {
  const facts = await engine.call('openModel', { file: model });
  await engine.call('addData', { role: 'validation', input: npz('val.npz', features(300, 1)) });
  if (withTrain) await engine.call('addData', { role: 'train', input: npz('train.npz', features(600, 2)) });
  return facts;
}

describe('openModel', () => {
  it('says what is in a model', async () => {
    const facts = await engine.call('openModel', { file: model });
    expect(facts.name).toBe('classifier.onnx');
    expect(facts.head).toMatchObject({ classes: 10, dimensions: DIMENSIONS, onLogits: false });
    expect(facts.head!.norms).toHaveLength(10);
    expect(facts.description.heads).toHaveLength(1);
    expect(facts.classNames).toContain('airplane');
    expect(facts.counts!.groups[0]).toBe('many');
    expect(facts.counts!.imbalanceFactor).toBeGreaterThan(50);
    expect(facts.counts!.from).toBe('the model');
  });

  it('refuses what is no model, by its name, and keeps the one before', async () => {
    await open();
    const file = { name: 'notes.txt', data: new Blob(['hello']) };
    await expect(engine.call('openModel', { file })).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringContaining('notes.txt'),
    });
    expect((await engine.call('logits', { role: 'validation' })).samples).toBe(300);
  });

  it('takes a model without a usable head and says why', async () => {
    const facts = await engine.call('openModel', { file: model, output: 'nowhere' });
    expect(facts.head).toBeNull();
    expect(facts.problem!.message).toContain('nowhere');
    await expect(engine.call('logits', { role: 'validation' })).rejects.toThrow(/no model yet/);
  });

  it('takes weights from files of their own, and writes new ones beside the model', async () => {
    const path = 'test/fixtures/onnx/external.onnx';
    const file = { name: 'external.onnx', data: await readFile(path) };
    const alone = await engine.call('openModel', { file });
    expect(alone.problem!.message).toContain('external.onnx.data');
    const side = { name: 'external.onnx.data', data: await readFile(`${path}.data`) };
    const facts = await engine.call('openModel', { file, sideFiles: [side] });
    expect(facts.head).toMatchObject({ classes: 4, dimensions: 5 });
    const random = createRandom(1);
    const labels = Int32Array.from({ length: 40 }, (_, i) => i % 4);
    const set = encodeNpz({
      features: { shape: [40, 5], data: Float32Array.from({ length: 200 }, random) },
      labels: { shape: [40], data: labels },
    });
    await engine.call('addData', { role: 'validation', input: npz('val.npz', set) });
    const counts = [40, 30, 20, 10];
    await engine.call('setCounts', { source: { kind: 'numbers', counts } });
    const choice = { kind: 'adjust', method: 'multiplicative', parameter: 0.5 } as const;
    const made = await engine.call('make', { choice });
    const { changed } = await recalibrate(await openModel(path), {
      validation: await readFeatures(set, 'val.npz'),
      ...{ counts, method: 'multiplicative', parameter: 0.5, outName: 'external.balanced.onnx' },
    });
    expect(made.sha256).toBe(changed.sha256);
    expect(made.sideFiles.map(({ name }) => name)).toEqual(changed.sideFiles.map(({ location }) => location));
    expect(made.sideFiles.length).toBeGreaterThan(0);
    const [written] = made.sideFiles;
    expect(Buffer.compare(Buffer.from(await written.data.arrayBuffer()), changed.sideFiles[0].bytes)).toBe(0);
  });

  it('forgets what belonged to the model before', async () => {
    await open();
    await engine.call('openModel', { file: model });
    await expect(engine.call('logits', { role: 'validation' })).rejects.toThrow(/no validation data yet/);
  });
});

describe('setCounts', () => {
  it('takes what people type, paste and drop', async () => {
    const { classNames } = await open();
    const counts = Array.from({ length: 10 }, (_, k) => 1000 - 90 * k);
    const take = async (text: string) =>
      (await engine.call('setCounts', { source: { kind: 'text', text } })).counts;
    const names = classNames!;
    expect(await take(JSON.stringify(counts))).toEqual(counts);
    expect(await take(counts.join(', '))).toEqual(counts);
    expect(await take(counts.join('\n'))).toEqual(counts);
    expect(
      await take(
        names
          .map((name, k) => `${name}: ${counts[k]}`)
          .reverse()
          .join('\n'),
      ),
    ).toEqual(counts);
    expect(await take(names.map((name, k) => `"${name}", ${counts[k]},`).join('\n'))).toEqual(counts);
    expect(await take(names.map((name, k) => `${name}\t${counts[k]}`).join('\n'))).toEqual(counts);
    expect(await take(names.map((name, k) => `${name} ${counts[k]}`).join(', '))).toEqual(counts);
    const file = { name: 'c.json', data: new Blob([JSON.stringify(counts)]) };
    expect(await engine.call('setCounts', { source: { kind: 'file', file } })).toMatchObject({
      counts,
      from: 'c.json',
    });
    const set = await engine.call('setCounts', { source: { kind: 'set', role: 'validation' } });
    expect(set).toMatchObject({
      counts: new Array(10).fill(30),
      from: 'labels of val.npz',
      imbalanceFactor: 1,
    });
    expect((await engine.call('setCounts', { source: { kind: 'model' } })).from).toBe('the model');
  });

  it('counts labels by class name', async () => {
    const { classNames } = await engine.call('openModel', { file: model });
    const strings = [...classNames!].reverse();
    const labels = Int32Array.from(
      { length: 55 },
      (_, i) => [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].find((k) => i < ((k + 1) * (k + 2)) / 2)!,
    );
    const data = encodeNpz({ labels: { shape: [55], data: labels }, classes: { strings } });
    const file = { name: 'labels.npz', data: new Blob([data]) };
    const { counts } = await engine.call('setCounts', { source: { kind: 'file', file } });
    expect(counts).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
  });

  it('says what is wrong with counts', async () => {
    await open();
    const refusal = (text: string) => engine.call('setCounts', { source: { kind: 'text', text } });
    await expect(refusal('1, 2, 3')).rejects.toThrow(/10 classes, but 3/);
    await expect(refusal('')).rejects.toThrow(/nothing was typed/);
    await expect(refusal('[1, 2')).rejects.toThrow(/begins like JSON/);
    await expect(refusal('airplane: many')).rejects.toThrow(/neither a number/);
    await expect(refusal('airplane: 5\nairplane: 6')).rejects.toThrow(/twice/);
    await expect(refusal('1,1,1,1,1,1,1,1,1,0')).rejects.toMatchObject({ code: 'COUNTS_INVALID' });
  });

  it('cuts many, medium and few where it is told', async () => {
    await open();
    const found = await engine.call('setThresholds', { thresholds: { many: 3000, few: 2500 } });
    expect(found.thresholds).toEqual({ many: 3000, few: 2500 });
    expect(found.groups.filter((group) => group === 'many')).toHaveLength(1);
    await expect(engine.call('setThresholds', { thresholds: { many: 1, few: 2 } })).rejects.toThrow(
      /few at most many/,
    );
    expect((await engine.call('setThresholds', { thresholds: null })).thresholds.many).toBe(1000);
  });
});

describe('addData', () => {
  it("gives logits of the model's head for features of any making", async () => {
    await open();
    const live = await engine.call('logits', { role: 'validation' });
    const opened = await openModel(MODEL);
    const set = await readFeatures(features(300, 1), 'val.npz');
    const { head } = opened;
    const [i, k] = [17, 4];
    let z = head.bias.get(k);
    for (let d = 0; d < DIMENSIONS; d++) z += head.weight.get(k, d) * set.features.get(i, d);
    expect(live.logits[i * 10 + k]).toBeCloseTo(z, 3);
    expect(live.labels[17]).toBe(7);
    expect(live.bias).toHaveLength(10);
  });

  it('runs inputs through the model, tells how far it is, and gives the features back as a file', async () => {
    await engine.call('openModel', { file: model });
    const random = createRandom(3);
    const inputs = Float32Array.from({ length: 40 * 3072 }, () => random() * 2 - 1);
    const labels = Int32Array.from({ length: 40 }, (_, i) => i % 10);
    const data = encodeNpz({
      inputs: { shape: [40, 3, 32, 32], data: inputs },
      labels: { shape: [40], data: labels },
    });
    const reports: Progress[] = [];
    const facts = await engine.call(
      'addData',
      { role: 'validation', input: npz('pixels.npz', data), batch: 8 },
      { onProgress: (progress) => reports.push(progress) },
    );
    expect(facts).toMatchObject({
      from: 'inputs',
      samples: 40,
      dimensions: DIMENSIONS,
      device: 'cpu',
      name: 'pixels.npz',
    });
    expect(reports.at(-1)).toMatchObject({ what: 'samples', done: 40, total: 40 });
    const saved = await engine.call('saveData', { role: 'validation' });
    expect(saved.name).toBe('pixels.features.npz');
    const arrays = await readNpz(new Uint8Array(await saved.data.arrayBuffer()));
    expect(arrays.get('features')!.shape).toEqual([40, DIMENSIONS]);
    const again = await engine.call('addData', {
      role: 'test',
      input: npz('again.npz', new Uint8Array(await saved.data.arrayBuffer())),
    });
    expect(again).toMatchObject({ from: 'features', samples: 40 });
  });

  it('refuses data that do not fit, in words', async () => {
    await engine.call('openModel', { file: model });
    const add = (name: string, data: Uint8Array<ArrayBuffer>) =>
      engine.call('addData', { role: 'validation', input: npz(name, data) });
    await expect(add('broken.npz', new Uint8Array([1, 2, 3]))).rejects.toMatchObject({
      code: 'FORMAT_INVALID',
      message: expect.stringContaining('broken.npz'),
    });
    await expect(
      add(
        'narrow.npz',
        encodeNpz({
          features: { shape: [1, 3], data: new Float32Array(3) },
          labels: { shape: [1], data: new Int32Array(1) },
        }),
      ),
    ).rejects.toThrow(/3 dimensions.*takes 64/s);
    await expect(
      add('bare.npz', encodeNpz({ features: { shape: [1, 64], data: new Float32Array(64) } })),
    ).rejects.toThrow(/labels are needed/);
    await expect(
      engine.call('addData', {
        role: 'test',
        input: { kind: 'pictures', files: [{ path: 'flat/1.png', data: new Uint8Array(1) }] },
      }),
    ).rejects.toThrow(/One subfolder per class/);
    await expect(
      engine.call('addData', {
        role: 'test',
        input: { kind: 'pictures', files: [{ path: 'set/wolf/1.png', data: new Uint8Array(1) }] },
      }),
    ).rejects.toMatchObject({ code: 'LABELS_INVALID' });
  });
});

describe('make', () => {
  const CHOICES: AdjustChoice[] = [
    { kind: 'adjust', method: 'additive', parameter: 0.85 },
    { kind: 'adjust', method: 'multiplicative', parameter: 0.3, convention: 'paper', temperature: 1.7 },
    { kind: 'adjust', method: 'tau-norm', parameter: 0.5, temperature: 'fit' },
    { kind: 'adjust', method: 'additive', parameter: 1, targetPrior: [3, 1, 1, 1, 1, 1, 1, 1, 1, 2] },
  ];

  it.each(CHOICES)('makes the file that recalibrate makes: $method $parameter', async (choice) => {
    const { counts } = await open();
    const made = await engine.call('make', { choice });
    const opened = await openModel(MODEL);
    const { method, parameter, convention, temperature, targetPrior } = choice;
    const { changed } = await recalibrate(opened, {
      validation: await readFeatures(features(300, 1), 'val.npz'),
      counts: counts!.counts,
      method,
      parameter,
      convention,
      temperature,
      targetPrior: targetPrior && parsePrior([...(targetPrior as number[])], 'q.json', { classCount: 10 }),
    });
    expect(made.sha256).toBe(changed.sha256);
    expect(Buffer.compare(Buffer.from(await made.file.data.arrayBuffer()), changed.bytes)).toBe(0);
    expect(made.file.name).toBe('classifier.balanced.onnx');
    expect(made.verification.argmaxAgreement).toBe(1);
    if (temperature === 'fit') {
      expect(await engine.call('temperature', { choice })).toBe(made.parameters.temperature);
    }
  });

  it('chooses by itself, with progress, and says by what command the same comes out', async () => {
    await open();
    await engine.call('addData', { role: 'test', input: npz('test set.npz', features(100, 5)) });
    const whats = new Set<string>();
    const made = await engine.call(
      'make',
      { choice: { kind: 'search', apply: 'always' } },
      { onProgress: ({ what }) => whats.add(what) },
    );
    expect(made.selection!.table.length).toBeGreaterThan(100);
    expect(made.test!.name).toBe('test set.npz');
    expect(whats).toContain('candidates');
    expect(made.command).toBe(
      "onnx-tailor recalibrate classifier.onnx --val val.npz --test 'test set.npz' --apply always --out classifier.balanced.onnx",
    );
    expect(made.plots.map(({ name }) => name)).toEqual(['accuracy', 'confusion', 'reliability']);
  });

  it('names the files that the command needs besides', async () => {
    await open();
    await engine.call('setCounts', { source: { kind: 'numbers', counts: [9, 8, 7, 6, 5, 4, 3, 3, 2, 1] } });
    await engine.call('setThresholds', { thresholds: { many: 5, few: 3 } });
    const targetPrior = [2, 1, 1, 1, 1, 1, 1, 1, 1, 1];
    const made = await engine.call('make', {
      choice: { kind: 'adjust', method: 'multiplicative', parameter: 0.2, targetPrior },
    });
    expect(made.command).toContain(
      '--counts counts.json --method multiplicative --gamma 0.2 --target-prior target-prior.json --many 5 --few 3',
    );
    expect(made.commandFiles.map(({ name }) => name)).toEqual(['counts.json', 'target-prior.json']);
    expect(JSON.parse(await made.commandFiles[1].data.text())).toEqual(targetPrior);
  });

  it('needs validation and counts', async () => {
    await expect(engine.call('make', { choice: CHOICES[0] })).rejects.toThrow(/no model yet/);
    await engine.call('openModel', { file: model });
    await expect(engine.call('make', { choice: CHOICES[0] })).rejects.toThrow(/no validation data yet/);
  });
});

describe('fit', () => {
  it('fits a head, judges it, and puts it into a model', async () => {
    await open(true);
    const reports: Progress[] = [];
    const fitted = await engine.call(
      'fit',
      { configuration: { method: 'wb', epochs: 3 } },
      { onProgress: (progress) => reports.push(progress) },
    );
    expect(fitted).toMatchObject({ method: 'wb', id: 1 });
    expect(fitted.epochs).toHaveLength(3);
    expect(fitted.logits).toHaveLength(3000);
    expect(fitted.validation!.average).toBeGreaterThan(0.2);
    expect(reports.at(-1)).toMatchObject({ what: 'epochs', done: 3, total: 3 });
    const made = await engine.call('make', { choice: { kind: 'fitted', fit: 1, temperature: 2 } });
    expect(made).toMatchObject({ method: 'wb', kept: false, commandFiles: [] });
    expect(made.parameters).toMatchObject({ epochs: 3, temperature: 2 });
    expect(made.after.perClass).toEqual(fitted.validation!.perClass);
    expect(made.command).toBeUndefined();
    await engine.call('removeData', { role: 'train' });
    await expect(engine.call('make', { choice: { kind: 'fitted', fit: 1 } })).rejects.toThrow(/Fit it again/);
  });

  it('stops when it is told to, and works on', async () => {
    await open(true);
    const controller = new AbortController();
    const running = engine.call(
      'fit',
      { configuration: { method: 'wb', epochs: 10_000 } },
      { signal: controller.signal, onProgress: () => controller.abort() },
    );
    await expect(running).rejects.toMatchObject({ code: 'ABORTED' });
    const next = await engine.call('fit', { configuration: { method: 'ncm' } });
    expect(next.method).toBe('ncm');
    expect(engine.pending).toBe(0);
  });

  it('does not begin what was cancelled while it waited', async () => {
    await open();
    const controller = new AbortController();
    const first = engine.call('make', { choice: { kind: 'adjust', method: 'additive', parameter: 1 } });
    const second = engine.call('diagnose', { role: 'validation' }, { signal: controller.signal });
    controller.abort();
    await expect(second).rejects.toMatchObject({
      code: 'ABORTED',
      message: 'Stopped before diagnose began.',
    });
    await first;
  });
});

describe('diagnose and report', () => {
  it('diagnoses, draws, and writes reports', async () => {
    await open(true);
    await expect(engine.call('report', {})).rejects.toThrow(/nothing was diagnosed/);
    const found = await engine.call('diagnose', { role: 'train', second: 'validation' });
    expect(found.diagnostics.name).toBe('train.npz');
    expect(found.second!.samples).toBe(300);
    expect(found.evaluation.samples).toBe(300);
    expect(found.plots.map(({ name }) => name)).toContain('cosine-2');
    expect(found.plots.every(({ svg }) => svg.includes('<svg'))).toBe(true);
    const diagnosis = await engine.call('report', {});
    expect(diagnosis.html.name).toBe('classifier.report.html');
    expect(await diagnosis.html.data.text()).toContain('Diagnosis of classifier.onnx');
    await engine.call('make', { choice: { kind: 'adjust', method: 'additive', parameter: 1 } });
    const { html, markdown } = await engine.call('report', {});
    expect(await html.data.text()).toContain('Recalibration of classifier.onnx');
    expect(await markdown.data.text()).toContain('additive');
  });
});

describe('the conversation', () => {
  it('answers in order and says plainly what should not happen', async () => {
    const { port1, port2 } = new MessageChannel();
    const failing = new Proxy({}, { get: () => () => Promise.reject(new Error('a bug')) });
    serve(port2 as unknown as PagePort, failing as ReturnType<typeof handlersOf>);
    port1.start();
    port2.start();
    const broken = connect(port1 as unknown as Port);
    await expect(broken.call('start', {})).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.stringContaining('a bug'),
    });
    port1.close();
  });

  it('fails every request when the worker dies', async () => {
    let die: (event: { message: string }) => void = () => {};
    const dead = connect({
      postMessage() {},
      addEventListener(type: string, listener: never) {
        if (type === 'error') die = listener;
      },
    } as Port);
    const waiting = dead.call('start', {});
    die({ message: 'out of memory' });
    await expect(waiting).rejects.toThrow(/out of memory.*Reload/s);
    await expect(dead.call('start', {})).rejects.toThrow(/Reload/);
    expect(dead.pending).toBe(0);
  });
});
