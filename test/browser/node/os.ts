/** The part of node:os that tests use, in a page. */
import { TEMPORARY } from '../files.js';

export const tmpdir = () => TEMPORARY;
