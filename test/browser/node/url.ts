/** The part of node:url that tests use, in a page. */
export const fileURLToPath = (url: string | URL) => decodeURIComponent(new URL(url).pathname);
