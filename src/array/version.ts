/** The version of this package, as written into the models it changes. A test compares it with package.json. */
export const VERSION = '0.1.0';
