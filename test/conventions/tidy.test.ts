import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import { SERVICE_NODE_OPTIONS } from '@sluice/runtime';
import { expect, test } from 'vitest';
import { parseSource } from './source-file.ts';
import { findWorkspaces, readText, repositoryRoot, typescriptFiles, type Workspace } from './workspaces.ts';

const fileLinesMax = 400;
const functionLinesMax = 70;
const mainLinesMax = 40;
/** Files that are one table, which would not get better by being cut. */
const longTables = new Set(['packages/runtime/src/errors.ts']);

const workspaces = findWorkspaces();
const allFiles = [...workspaces.map((workspace) => workspace.folder), 'test'].flatMap((folder) =>
  typescriptFiles(folder),
);
const sourceFiles = workspaces.flatMap((workspace) => typescriptFiles(workspace.folder, 'src'));

test(`no file is longer than ${fileLinesMax} lines`, () => {
  const files = allFiles.filter((path) => !longTables.has(path)).map(parseSource);
  const long = files.filter((file) => file.lines > fileLinesMax);
  expect(long.map((file) => `${file.path}: ${file.lines} lines`)).toEqual([]);
});

test('every file of code that a page for developers names is there', () => {
  const pages = ['ARCHITECTURE.md', 'CONTRIBUTING.md', 'docs/debugging.md', 'docs/releasing.md'];
  const gone = pages.flatMap((page) =>
    [...readText(page).matchAll(/`([\w./-]+\.(?:ts|mjs))`/g)]
      .map(([, name = '']) => name)
      .filter((name) => !allFiles.some((path) => path === name || path.endsWith(`/${name}`)))
      .map((name) => `${page}: ${name}`),
  );
  expect(gone).toEqual([]);
});

test(`no function of the sources is longer than ${functionLinesMax} lines`, () => {
  const long = sourceFiles
    .map(parseSource)
    .flatMap((file) =>
      file.functions
        .filter((each) => each.lines > functionLinesMax)
        .map((each) => `${file.path}:${each.line} ${each.name}: ${each.lines} lines`),
    );
  expect(long).toEqual([]);
});

test('the type `any` is not used', () => {
  expect(
    allFiles.map(parseSource).flatMap((file) => file.anyLines.map((line) => `${file.path}:${line}`)),
  ).toEqual([]);
});

test('a test that has changes logged as statements has servers of its own', () => {
  // Every capture of the server reads tables again for one: those of tests that count records too.
  const logs = (path: string, seen = new Set<string>()): boolean => {
    if (seen.has(path)) return false;
    seen.add(path);
    if (/binlog_format = (?:STATEMENT|MIXED)/u.test(readText(path))) return true;
    const local = parseSource(path).imports.filter((specifier) => specifier.startsWith('.'));
    return local.some((specifier) => logs(normalize(join(dirname(path), specifier)), seen));
  };
  const isOwn = (path: string): boolean => /ownServers\(|ReplicatedSource\.start\(/u.test(readText(path));
  const tests = typescriptFiles('test', 'e2e').filter((path) => path.endsWith('.e2e.test.ts'));
  const logging = tests.filter((path) => logs(path));
  expect(logging).toContain('test/e2e/capture-statements.e2e.test.ts');
  expect(logging.filter((path) => !isOwn(path))).toEqual([]);
});

test('exports have names', () => {
  const files = allFiles.map(parseSource).filter((file) => file.hasDefaultExport);
  expect(files.map((file) => file.path)).toEqual([]);
});

test('files are called by what they do', () => {
  const vague = /^(utils?|common|helpers?|misc|shared|types)\.(test\.)?ts$/;
  const shouting = /[A-Z_]/;
  const unclear = allFiles.filter((path) => vague.test(basename(path)) || shouting.test(basename(path)));
  expect(unclear).toEqual([]);
});

test('images start services as they are tested: with the same options of Node.js', () => {
  const command = ['node', '--enable-source-maps', ...SERVICE_NODE_OPTIONS, 'src/main.js']
    .map((part) => `"${part}"`)
    .join(', ');
  expect(readText('infra/docker/Dockerfile')).toContain(`\nCMD [${command}]\n`);
});

test('every package and service has a README of its own', () => {
  const missing = workspaces.filter(
    (workspace) => !existsSync(join(repositoryRoot, workspace.folder, 'README.md')),
  );
  expect(missing.map((workspace) => workspace.folder)).toEqual([]);
});

test('nothing is left for later in a comment', () => {
  const later = /\b(TODO|FIXME|XXX|HACK)\b/;
  const found = allFiles
    .map(parseSource)
    .flatMap((file) =>
      file.comments.filter((each) => later.test(each.text)).map((each) => `${file.path}:${each.line}`),
    );
  expect(found).toEqual([]);
});

test('events of the log are a noun, a dot and what happened', () => {
  const logging = /^(?:packages\/(?:kafka|runtime|sink-kit)|services\/[\w-]+)\/src\//;
  const events = allFiles
    .filter((path) => logging.test(path))
    .flatMap((path) =>
      [...readText(path).matchAll(/\{\s*event: '([^']+)'/g)].map(([, event]) => event ?? ''),
    );
  expect(events.length).toBeGreaterThan(50);
  expect(events.filter((event) => !/^[a-z]+\.[a-z_]+$/.test(event))).toEqual([]);
});

test('a rule is switched off for one line, by its name, with a reason', () => {
  const found = allFiles.map(parseSource).flatMap((file) =>
    file.comments
      .filter((each) => /(oxlint|eslint)-disable/.test(each.text))
      .filter((each) => !/(oxlint|eslint)-disable-(next-)?line [\w/,@ -]+? -- \S/.test(each.text))
      .map((each) => `${file.path}:${each.line}:${each.text}`),
  );
  expect(found).toEqual([]);
});

test(`the main file of a service only wires: under ${mainLinesMax} lines`, () => {
  const mains = workspaces
    .filter((workspace) => workspace.isService)
    .map((workspace) => ({ path: `${workspace.folder}/src/main.ts` }));
  expect(mains.filter(({ path }) => !existsSync(join(repositoryRoot, path)))).toEqual([]);
  const long = mains.filter(({ path }) => parseSource(path).lines >= mainLinesMax);
  expect(long).toEqual([]);
});

test('every source file is reached from an entry point', () => {
  expect(workspaces.flatMap(unreachedFiles)).toEqual([]);
});

test('no tracked file names a path of somebody’s machine', () => {
  const tracked = execFileSync('git', ['ls-files'], { cwd: repositoryRoot, encoding: 'utf8' })
    .trim()
    .split('\n');
  const personal = /(^|[\s'"`=(])\/(home|Users|root|work)\/[\w.-]+/m;
  const readable = tracked.filter((path) => /\.(ts|mjs|md|json|ya?ml|sql|sh|cnf|xml)$/.test(path));
  const present = readable.filter((path) => existsSync(join(repositoryRoot, path)));
  expect(present.filter((path) => personal.test(readText(path)))).toEqual([]);
});

/** Entry points: exports, main files (programs), and anything outside `src` (bootstraps). Tests keep nothing alive. */
function unreachedFiles(workspace: Workspace): string[] {
  const sources = new Set(typescriptFiles(workspace.folder, 'src'));
  const outside = typescriptFiles(workspace.folder).filter(
    (path) => !sources.has(path) && !path.startsWith(`${workspace.folder}/test/`),
  );
  const exported = Object.values(workspace.manifest.exports ?? {})
    .filter((path) => path.endsWith('.ts'))
    .map((path) => normalize(join(workspace.folder, path)));
  const programs = [...sources].filter((path) => basename(path) === 'main.ts');
  const queue = [...exported, ...programs, ...outside];
  const reached = new Set(queue);
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    for (const next of neighbours(path, workspace.folder)) {
      if (reached.has(next) || !existsSync(join(repositoryRoot, next))) continue;
      reached.add(next);
      queue.push(next);
    }
  }
  return [...sources].filter((path) => !reached.has(path));
}

/** Imported modules, and modules named by a literal (a program that is spawned), from wherever it is meant. */
function neighbours(path: string, folder: string): string[] {
  const file = parseSource(path);
  const relativeImports = file.imports.filter((specifier) => specifier.startsWith('.'));
  const here = [...relativeImports, ...file.moduleLiterals].map((specifier) =>
    normalize(join(dirname(path), specifier)),
  );
  const elsewhere = file.moduleLiterals.flatMap((literal) => [
    normalize(join(folder, literal)),
    normalize(literal),
  ]);
  return [...here, ...elsewhere];
}
