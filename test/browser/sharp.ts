/** What the tests of reports ask sharp for, in a page: whether markup is well-formed, by the browser's own parser. */
const sharp = (svg: Uint8Array) => ({
  async metadata(): Promise<{ format: string }> {
    const parsed = new DOMParser().parseFromString(new TextDecoder().decode(svg), 'image/svg+xml');
    const fault = parsed.querySelector('parsererror');
    if (fault) throw new Error(fault.textContent ?? 'not well-formed');
    return { format: parsed.documentElement.localName };
  },
});

export default sharp;
