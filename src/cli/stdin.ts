/** The name of standard input on the command line. */
export const STDIN = '-';
