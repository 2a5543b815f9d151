/** The numbers of a report as tables of text, for HTML and Markdown alike. */

/** A table; the first column holds words, and so do those in `prose`. */
export interface Table {
  readonly title: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Columns with sentences or names. */
  readonly prose?: readonly number[];
  readonly note?: string;
}
