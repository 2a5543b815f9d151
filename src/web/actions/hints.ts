/** What the page knows to do about failures, beside what their messages say. */
import type { Problem } from '../state.js';

export function modelHint({ code }: Problem): string | undefined {
  if (code === 'MODEL_INVALID') {
    return 'Give the .onnx file itself, and with it the files of its weights where it has such.';
  }
  if (code === 'FILE_UNREADABLE' || code === 'FILE_NOT_FOUND') {
    return 'If the weights are in files of their own, choose the .onnx and those files together.';
  }
  return undefined;
}

export function dataHint({ code }: Problem): string | undefined {
  if (code === 'FORMAT_INVALID') {
    return 'onnx-tailor extract makes such a file from any data; a folder of pictures can be given here as it is.';
  }
  return undefined;
}

export function makeHint({ code }: Problem): string | undefined {
  if (code === 'CLASS_MISSING') {
    return 'Tick “Leave classes without a validation sample out” under 2, or add samples of them.';
  }
  return undefined;
}
