/** `onnx-tailor inspect MODEL`: what is in the file, which heads were found, why others were refused. */
import { Command } from 'commander';
import { listNames, printable } from '../array/text.js';
import { inspectModel, type ModelDescription } from '../features/describe-model.js';
import { nameOf, readBytes } from './input.js';
import { STDIN } from './stdin.js';
import type { Terminal } from './terminal.js';
import { byteSize, textTable } from './text.js';

export function inspectCommand(terminal: Terminal): Command {
  return new Command('inspect')
    .argument('<model>', 'an .onnx file, or - for standard input')
    .action(async (path: string) => {
      const description = await inspectModel(path === STDIN ? await readBytes(path) : path);
      terminal.finish(description, describe(nameOf(path), description));
    });
}

function describe(
  path: string,
  { model, inputs, outputs, heads, refused, ...facts }: ModelDescription,
): string {
  const shape = (dims: readonly (number | string)[]) =>
    `[${listNames(
      dims.map((length) => printable(String(length))),
      16,
    )}]`;
  const lines = [
    `${path}: ${byteSize(model.bytes)}, opset ${model.opset}${model.producer ? `, made by ${printable(model.producer)}` : ''}`,
    `sha256 ${model.sha256}`,
    '',
    textTable(
      ['', 'name', 'type', 'shape'],
      [
        ...inputs.map(({ name, type, dims }) => ['input', printable(name), type, shape(dims)]),
        ...outputs.map(({ name, type, dims }) => ['output', printable(name), type, shape(dims)]),
      ],
    ),
    '',
  ];
  for (const head of heads) {
    const { output, kind, classes, dimensions, bias, dtype, features, activation, norms, note } = head;
    lines.push(
      `Head of output ${printable(output)}: ${classes} classes × ${dimensions} dimensions`,
      `  ${kind}, ${dtype}, ${bias ? 'with bias' : 'without bias'}, ${activation === 'none' ? 'logits as they are' : `followed by ${activation}`}`,
      `  takes the features from ${printable(features)}`,
    );
    if (norms)
      lines.push(`  norms of the class weights ${norms.min.toPrecision(3)} … ${norms.max.toPrecision(3)}`);
    if (note) lines.push(`  ${note}`);
  }
  if (heads.length === 0) lines.push('No head that can be changed.');
  for (const { output, reason } of refused) lines.push(`Output ${printable(output)}: ${reason}`);
  if (facts.classes) lines.push('', `Class names: ${shorten(facts.classes)}`);
  if (facts.trainCounts) lines.push(`Trained on: ${shorten(facts.trainCounts)} samples per class`);
  if (facts.preprocess) lines.push(`Preprocessing: ${JSON.stringify(facts.preprocess)}`);
  if (facts.columns) lines.push(`Columns of a table: ${shorten(facts.columns)}`);
  lines.push(...facts.problems.map((problem) => `Problem: ${problem}`));
  return lines.join('\n');
}

function shorten(items: readonly (string | number)[]): string {
  return items.length <= 12 ? items.join(', ') : `${items.slice(0, 10).join(', ')}, … (${items.length})`;
}
