// What a message must not be.

/** Longest message of an error, in characters: people read it. */
const LONGEST = 8000;

/** Why a message for people is faulty, or undefined. @param {string} message */
export function messageFault(message) {
  if (message.length > LONGEST) return `a message of ${message.length} characters: ${message.slice(0, 200)}`;
  // Line breaks of what an error quotes are written out.
  if (/(?:\n|\\n)\s+at .*:\d+:\d+/.test(message)) return `a stack trace: ${message.slice(0, 2000)}`;
  if (
    /undefined|\[object Object\]|is not a function|Cannot read propert|Invalid (array|typed array|string) length|out of bounds/.test(
      message,
    )
  )
    return `a program's words in a message: ${message.slice(0, 500)}`;
  if (/did not foresee|should not happen/.test(message))
    return `an unforeseen error: ${message.slice(0, 2000)}`;
  return undefined;
}

/** What no terminal may be sent from a file. @param {string} text */
export function terminalFault(text) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  const at = text.search(/[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/);
  return at < 0
    ? undefined
    : `a control character reaches the terminal: ${JSON.stringify(text.slice(Math.max(0, at - 60), at + 20))}`;
}
