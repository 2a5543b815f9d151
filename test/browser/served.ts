/** Names that the page and the development server agree on. */

/** Where the server answers for files. */
export const SERVED = '/served-files';
/** The folder that stands for TAILOR_DATA in a page. */
export const DATA = '/served-data';
