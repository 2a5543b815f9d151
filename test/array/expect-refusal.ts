/** Helpers to check refusals. */
import { expect } from 'vitest';
import { type ErrorCode, TailorError } from '../../src/array/errors.js';

/** Runs `action`, which must throw a TailorError of that code whose message matches. */
export async function expectRefusal(action: () => unknown, code: ErrorCode, message: RegExp): Promise<void> {
  let thrown: unknown;
  try {
    await action();
  } catch (error) {
    thrown = error;
  }
  expect(thrown, `a ${code} error`).toBeInstanceOf(TailorError);
  expect((thrown as TailorError).code).toBe(code);
  expect((thrown as TailorError).message).toMatch(message);
}
