/** The development server's part of files.ts: lets the tests in a page read the repository and TAILOR_DATA, no more. */
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { dirname, relative, resolve } from 'node:path';
import type { Plugin } from 'vite';
import { DATA, SERVED } from './served.js';

export function serveFiles(root: string, data: string | undefined): Plugin {
  return {
    name: 'files-for-tests',
    enforce: 'pre',
    configureServer(server) {
      server.middlewares.use(SERVED, (request, response) => {
        const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
        answer(response, placeOf(root, data, decodeURIComponent(pathname)), searchParams);
      });
    },
    // Where a test lies: as Node says it, but with the repository as root. (Vite would take new URL(…, import.meta.url)
    // for an asset to be bundled.)
    transform(code, id) {
      const path = relative(root, id.replace(/\?.*/, ''));
      if (!path.startsWith('test/') || !code.includes('import.meta.')) return undefined;
      const replaced = code
        .replaceAll('import.meta.dirname', JSON.stringify(`/${dirname(path)}`))
        .replaceAll('import.meta.url', `(location.origin + ${JSON.stringify(`/${path}`)})`);
      return { code: replaced, map: null };
    },
  };
}

/** The path on this machine, or undefined where it is none of the page's business. */
function placeOf(root: string, data: string | undefined, path: string): string | undefined {
  const inData = path === DATA || path.startsWith(`${DATA}/`);
  const base = inData ? data : root;
  if (!base) return undefined;
  const place = resolve(base, `.${inData ? path.slice(DATA.length) : path}`);
  if (!existsSync(place)) return undefined;
  const outside = relative(realpathSync(base), realpathSync(place)).startsWith('..');
  return outside ? undefined : place;
}

function answer(response: ServerResponse, place: string | undefined, query: URLSearchParams): void {
  // A 404 would show in the browser's console; that a file is missing is an answer like others.
  const found = place === undefined ? undefined : statSync(place);
  const info = found && { kind: found.isDirectory() ? 'folder' : 'file', bytes: found.size };
  if (query.has('info')) return void response.end(JSON.stringify(info ?? null));
  if (query.has('list')) return void response.end(JSON.stringify(place ? readdirSync(place) : null));
  const whole = readFileSync(place ?? '');
  const from = Number(query.get('from') ?? 0);
  const bytes = query.has('length') ? whole.subarray(from, from + Number(query.get('length'))) : whole;
  // Synchronous requests can only be for text: this encoding maps bytes to characters one by one.
  response.setHeader('content-type', 'text/plain; charset=x-user-defined');
  response.end(bytes);
}
