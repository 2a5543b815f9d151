/** What a release is made with: the bill of materials, the audit, the workflows. */
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { temporaryFolder } from './data/temporary-folder.js';

const ROOT = resolve(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const manifest = JSON.parse(read('package.json'));
const file = temporaryFolder();

/** The environment without what the npm that may run these tests was told by variables of its own. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^npm_(config_|package_|lifecycle_)/i.test(name)),
);

describe('the bill of materials', () => {
  it('is CycloneDX, and names exactly what an installation brings', { timeout: 60_000 }, () => {
    const out = file('sbom.cdx.json');
    const { status, stderr } = spawnSync(process.execPath, ['scripts/sbom.mjs', out], {
      cwd: ROOT,
      encoding: 'utf8',
      // It asks nobody.
      env: { ...env, npm_config_registry: 'http://127.0.0.1:9', npm_config_offline: 'true' },
    });
    expect(status, stderr).toBe(0);
    const bom = JSON.parse(readFileSync(out, 'utf8'));

    expect(bom).toMatchObject({
      bomFormat: 'CycloneDX',
      specVersion: expect.stringMatching(/^1\.\d$/),
      serialNumber: expect.stringMatching(/^urn:uuid:[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/),
      version: 1,
      metadata: {
        component: {
          type: 'library',
          name: manifest.name,
          version: manifest.version,
          purl: expect.any(String),
        },
      },
    });
    const refs = new Set<string>([bom.metadata.component['bom-ref']]);
    for (const component of bom.components) {
      const { name, version, purl, hashes, licenses } = component;
      expect(component, name).toMatchObject({ type: 'library', scope: 'required' });
      expect(purl).toBe(`pkg:npm/${name.replace('@', '%40')}@${version}`);
      expect(hashes[0], name).toMatchObject({
        alg: 'SHA-512',
        content: expect.stringMatching(/^[\da-f]{128}$/),
      });
      expect(licenses.length, name).toBeGreaterThan(0);
      refs.add(component['bom-ref']);
    }
    expect(refs.size).toBe(bom.components.length + 1);
    for (const { ref, dependsOn } of bom.dependencies)
      for (const one of [ref, ...dependsOn]) expect(refs.has(one), one).toBe(true);

    const named = bom.components.map(({ name, version }: Named) => `${name}@${version}`);
    expect(named.sort()).toEqual(installed().sort());
    const direct = bom.dependencies.find(
      ({ ref }: { ref: string }) => ref === `${manifest.name}@${manifest.version}`,
    );
    const wanted = Object.entries(manifest.dependencies).map(([name, version]) => `${name}@${version}`);
    expect(direct.dependsOn.sort()).toEqual(wanted.sort());
  });
});

interface Named {
  readonly name: string;
  readonly version: string;
}

/** What the dependencies of package.json lead to, as node_modules has it: another way than npm's and the lock's. */
function installed(): string[] {
  const found = new Map<string, string>();
  const visit = (dependencies: Readonly<Record<string, string>>, from: string) => {
    for (const name of Object.keys(dependencies)) {
      let folder = from;
      while (!existsSync(join(folder, 'node_modules', name))) {
        const above = resolve(folder, '..');
        if (above === folder) throw new Error(`${name} of ${from} is not installed.`);
        folder = above;
      }
      const path = join(folder, 'node_modules', name);
      if (found.has(path)) continue;
      const { version, dependencies: next = {} } = JSON.parse(
        readFileSync(join(path, 'package.json'), 'utf8'),
      );
      found.set(path, `${name}@${version}`);
      visit(next, path);
    }
  };
  visit(manifest.dependencies, ROOT);
  return [...new Set(found.values())];
}

describe('the audit', () => {
  const fflate = [
    {
      id: 1,
      url: 'https://example.invalid/1',
      title: 'made up',
      severity: 'high',
      vulnerable_versions: '<99.0.0',
    },
  ];

  it.each([
    ['passes where nothing is known', 200, {}, [], 0, /no known vulnerabilities/],
    ['fails where something is', 200, { fflate }, [], 1, /1 high\n {2}fflate .*high/],
    [
      'says so where the registry does not tell',
      405,
      {},
      [],
      0,
      /could not be asked, and nothing is known: .*405/,
    ],
    ['fails there where an answer is required', 405, {}, ['--require'], 1, /could not be asked/],
  ] as const)('%s', { timeout: 60_000 }, async (_, status, body, args, code, says) => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      request.resume().on('end', () => {
        const bulk = request.url?.endsWith('/advisories/bulk');
        response.writeHead(bulk ? status : 404, { 'content-type': 'application/json' });
        response.end(JSON.stringify(bulk ? body : {}));
      });
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const registry = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    try {
      const found = await new Promise<{ code: number; stdout: string }>((done) =>
        execFile(
          process.execPath,
          ['scripts/audit.mjs', ...args],
          { cwd: ROOT, env: { ...env, npm_config_registry: registry, npm_config_fetch_retries: '0' } },
          (error, stdout) => done({ code: error ? Number(error.code) : 0, stdout }),
        ),
      );
      expect(asked).toContain('POST /-/npm/v1/security/advisories/bulk');
      expect(found).toEqual({ code, stdout: expect.stringMatching(says) });
    } finally {
      server.close();
    }
  });
});

describe('whether it is ready', () => {
  const project = (version: string, changelog: string) => {
    const folder = `ready-${version}-${changelog.length}`;
    file(`${folder}/package.json`, JSON.stringify({ version }));
    file(`${folder}/package-lock.json`, JSON.stringify({ version, packages: { '': { version } } }));
    file(`${folder}/src/array/version.ts`, `export const VERSION = '${version}';`);
    file(`${folder}/CHANGELOG.md`, changelog);
    return file(folder);
  };
  const check = (root: string, ...args: string[]) =>
    spawnSync(process.execPath, ['scripts/check-release.mjs', '--root', root, ...args], {
      cwd: ROOT,
      encoding: 'utf8',
    });
  const CHANGES = '# Changelog\n\n## Unreleased\n\n## 1.2.0 (2030-01-02)\n\n- New.\n\n## 1.1.0\n\n- Old.\n';

  it('says so, and gives the section of the changelog', () => {
    const notes = file('notes.md');
    const { status, stderr } = check(project('1.2.0', CHANGES), 'v1.2.0', '--notes', notes);
    expect([status, stderr]).toEqual([0, '']);
    expect(readFileSync(notes, 'utf8')).toBe('- New.\n');
  });

  it.each([
    ['another tag', '1.2.0', CHANGES, 'v1.2.1', /the tag is "v1\.2\.1"/],
    ['no section', '1.2', CHANGES, 'v1.2', /no section "## 1\.2"/],
    [
      'an empty section',
      '1.2.0',
      CHANGES.replace('- New.', ''),
      'v1.2.0',
      /"## 1\.2\.0" of CHANGELOG\.md is empty/,
    ],
  ])('refuses %s', (_, version, changes, tag, says) => {
    const { status, stderr } = check(project(version, changes), tag);
    expect([status, stderr]).toEqual([1, expect.stringMatching(says)]);
  });
});

interface Step {
  readonly run?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<
    Record<
      string,
      {
        readonly 'runs-on': string;
        readonly 'timeout-minutes': number;
        readonly needs?: string;
        readonly permissions?: Readonly<Record<string, string>>;
        readonly strategy?: { readonly matrix: { readonly node: readonly string[] } };
        readonly steps: readonly Step[];
      }
    >
  >;
}

const workflow = (name: string) => parse(read(`.github/workflows/${name}`)) as Workflow;

describe.each(readdirSync(join(ROOT, '.github/workflows')))('the workflow %s', (name) => {
  const text = read(`.github/workflows/${name}`);
  const { jobs, permissions } = workflow(name);
  const steps = Object.values(jobs).flatMap((job) => job.steps);

  it('runs scripts that there are', () => {
    const scripts = steps.flatMap(({ run = '' }) =>
      [...run.matchAll(/npm run (?:-s )?([\w:]+)/g)].map(([, s]) => s),
    );
    expect(scripts.length).toBeGreaterThan(0);
    // Fuzzing comes with its folder.
    const there = (script: string) =>
      manifest.scripts[script] || (script === 'fuzz' && !existsSync(join(ROOT, 'fuzz')));
    expect(scripts.filter((script) => !there(script))).toEqual([]);
    for (const [path] of steps.flatMap(({ run = '' }) => [...run.matchAll(/(?:^|\s)\.ci\/\w+/g)]))
      expect(existsSync(join(ROOT, path.trim())), path).toBe(true);
  });

  it('pins what it uses by commit', () => {
    const used = [...text.matchAll(/uses: (.*)$/gm)].map(([, action]) => action);
    expect(used.length).toBe(steps.filter(({ uses }) => uses).length);
    for (const action of used) expect(action).toMatch(/^actions\/[\w-]+@[\da-f]{40} # v\d+\.\d+\.\d+$/);
    // One release of an action in all files.
    const all = readdirSync(join(ROOT, '.github/workflows')).flatMap((other) =>
      [...read(`.github/workflows/${other}`).matchAll(/uses: (\S+)@(\S+)/g)].map(([, action, sha]) => [
        action,
        sha,
      ]),
    );
    for (const [action, sha] of all) expect(new Map(all as [string, string][]).get(action), action).toBe(sha);
  });

  it('may do little: nothing is granted to all jobs but reading, and no job keeps the token for its steps', () => {
    expect(['{}', '{"contents":"read"}']).toContain(JSON.stringify(permissions));
    for (const { uses, with: settings } of steps)
      if (uses?.startsWith('actions/checkout'))
        expect(settings).toMatchObject({ 'persist-credentials': false });
    // What strangers can name (titles, branches) never becomes a part of a script.
    for (const { run = '' } of steps) expect(run).not.toContain('${{');
  });

  it('ends', () => {
    for (const [id, job] of Object.entries(jobs)) {
      expect(job['timeout-minutes'], id).toBeGreaterThan(0);
      if (job.needs !== undefined) expect(Object.keys(jobs)).toContain(job.needs);
    }
  });
});

describe('CI', () => {
  it('tests the oldest Node that package.json allows, and the newer ones', () => {
    const { node } = workflow('ci.yml').jobs.test.strategy!.matrix;
    expect(`>=${node[0]}`).toBe(manifest.engines.node);
    expect(node).toEqual(['20.19', '22', '24']);
    expect(read('scripts/test-nodes.mjs')).toContain(`default: '${node.join()}'`);
  });
});

describe('the release', () => {
  const { on, jobs } = workflow('release.yml');

  it('starts from a tag alone, and publishes after everything else passed', () => {
    expect(Object.keys(on)).toEqual(['push']);
    expect(Object.keys(on.push as object)).toEqual(['tags']);
    expect(Object.entries(jobs).map(([id, { needs }]) => [id, needs])).toEqual([
      ['check', undefined],
      ['pack', 'check'],
      ['publish', 'pack'],
      ['attach', 'publish'],
    ]);
  });

  it('gives each right to one job, and none of them to a job that runs code of other packages', () => {
    expect(Object.values(jobs).map(({ permissions }) => permissions)).toEqual([
      { contents: 'read' },
      { contents: 'read' },
      { 'id-token': 'write' },
      { contents: 'write' },
    ]);
    for (const id of ['publish', 'attach'])
      for (const { run = '' } of jobs[id].steps) expect(run).not.toMatch(/npm (ci|install|run)|npx|node /);
  });

  it('publishes with provenance what was packed, with its bill of materials and checksums beside it', () => {
    const scripts = (id: string) => jobs[id].steps.map(({ run = '' }) => run).join('\n');
    expect(scripts('check')).toMatch(
      /release:check[\s\S]*\.ci\/run[\s\S]*test:nodes[\s\S]*audit -- --require/,
    );
    expect(scripts('pack')).toMatch(
      /npm ci\nnpm run build[\s\S]*sbom[\s\S]*repository\.url[\s\S]*npm pack[\s\S]*SHA256SUMS/,
    );
    expect(scripts('publish')).toMatch(
      /sha256sum --check[\s\S]*npm publish .*\.tgz" --provenance --access public/,
    );
    expect(scripts('attach')).toContain('release/*');
  });
});
