import { builtinModules } from 'node:module';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Visitor } from 'oxc-parser';
import { arrowsOf, computedImports, kafkaClients } from './arrows.ts';
import { packageOf } from './package-name.ts';
import { parseSource, type SourceFile } from './source-file.ts';
import { findWorkspaces, readManifest, typescriptFiles, type Workspace } from './workspaces.ts';

const workspaces = findWorkspaces();
const byName = new Map(workspaces.map((workspace) => [workspace.manifest.name, workspace]));

function sourcesOf(workspace: Workspace): readonly SourceFile[] {
  return typescriptFiles(workspace.folder, 'src').map(parseSource);
}

describe.each(workspaces)('$folder', (workspace) => {
  const arrows = arrowsOf(workspace);
  const sources = sourcesOf(workspace);
  const importsOf = (accept: (name: string) => boolean): string[] =>
    sources.flatMap((file) =>
      file.imports
        .filter((specifier) => !specifier.startsWith('.') && accept(packageOf(specifier)))
        .map((specifier) => `${file.path} imports ${specifier}`),
    );

  test('imports only the workspace packages below it', () => {
    const allowed = new Set(
      [...arrows.packages, ...(arrows.services ?? [])].map((name) => `@sluice/${name}`),
    );
    expect(importsOf((name) => name.startsWith('@sluice/') && !allowed.has(name))).toEqual([]);
  });

  test('imports only the registry packages meant for it', () => {
    const allowed = new Set(
      arrows.external === 'own' ? Object.keys(workspace.manifest.dependencies ?? {}) : arrows.external,
    );
    const foreign = (name: string): boolean =>
      !isBuiltin(name) && !name.startsWith('@sluice/') && !allowed.has(name);
    expect(importsOf(foreign)).toEqual([]);
  });

  if (arrows.pureBuiltins !== undefined) {
    test('is pure: no input or output, no clock, no randomness', () => {
      const allowed = new Set(arrows.pureBuiltins);
      expect(importsOf((name) => isBuiltin(name) && !allowed.has(name))).toEqual([]);
      expect(sources.flatMap(impureUses)).toEqual([]);
    });
  }

  if (arrows.layers !== undefined) {
    test('imports its own layer and those below', () => {
      const layers = ['', ...(arrows.layers ?? [])];
      const layerOf = (path: string): string => /\/src\/([^/]+)\//.exec(path)?.[1] ?? '';
      expect(sources.map(({ path }) => layerOf(path)).filter((layer) => !layers.includes(layer))).toEqual([]);
      const isAbove = (from: string, to: string): boolean =>
        layers.indexOf(layerOf(to)) < layers.indexOf(layerOf(from));
      expect(
        sources.flatMap((file) =>
          localImports(file)
            .filter((target) => isAbove(file.path, target))
            .map((target) => `${file.path} imports ${target}`),
        ),
      ).toEqual([]);
    });
  }

  test('relative imports stay inside the package, package imports stay within exports', () => {
    const files = typescriptFiles(workspace.folder).map(parseSource);
    expect(
      files.flatMap((file) => [...leavingImports(file, workspace.folder), ...hiddenImports(file)]),
    ).toEqual([]);
  });
});

test('no file imports itself by way of others, types included', () => {
  const folders = [...workspaces.map(({ folder }) => folder), 'test'];
  const files = folders.flatMap((folder) => typescriptFiles(folder)).map(parseSource);
  const left = new Map(files.map((file) => [file.path, new Set(localImports(file))]));
  // Whoever imports nothing that is left, or is imported by nothing that is left, is in no circle.
  for (let size = -1; size !== left.size;) {
    size = left.size;
    const imported = new Set([...left.values()].flatMap((targets) => [...targets]));
    for (const [path, targets] of left) {
      const isEnd = [...targets].every((target) => !left.has(target));
      if (isEnd || !imported.has(path)) left.delete(path);
    }
  }
  expect([...left.keys()]).toEqual([]);
});

test('no sink knows Kafka', () => {
  const forbidden = new Set([...kafkaClients, '@sluice/kafka']);
  const uses = workspaces
    .filter((workspace) => workspace.folder.startsWith('services/sink-'))
    .flatMap((workspace) => [
      ...Object.keys({ ...workspace.manifest.dependencies, ...workspace.manifest.devDependencies }).filter(
        (name) => forbidden.has(name),
      ),
      ...sourcesOf(workspace).flatMap((file) =>
        file.imports.filter((name) => forbidden.has(packageOf(name))),
      ),
    ]);
  expect(uses).toEqual([]);
});

test('no service is imported by anyone but those that say so', () => {
  const services = new Set(workspaces.filter((each) => each.isService).map((each) => each.manifest.name));
  const allowed = (path: string): readonly string[] => {
    const workspace = workspaces.find(({ folder }) => path.startsWith(`${folder}/src/`));
    return workspace === undefined ? [] : (arrowsOf(workspace).services ?? []);
  };
  const uses = everyFile().flatMap((file) =>
    file.imports
      .filter((name) => services.has(packageOf(name)))
      .filter((name) => !allowed(file.path).includes(packageOf(name).slice('@sluice/'.length)))
      .map((name) => `${file.path} imports ${name}`),
  );
  expect(uses).toEqual([]);
});

test('what is imported is written where it is imported, but for names that are found at run time', () => {
  const hidden = everyFile().flatMap((file) =>
    file.computedImports
      .filter(({ prefix }) => computedImports[file.path] !== prefix)
      .map(({ line }) => `${file.path}:${line} imports what nobody can read there`),
  );
  expect(hidden).toEqual([]);
});

test('the tests of the whole project import packages by their exports', () => {
  const files = typescriptFiles('test').map(parseSource);
  expect(files.flatMap((file) => [...leavingImports(file, 'test'), ...hiddenImports(file)])).toEqual([]);
});

function everyFile(): readonly SourceFile[] {
  return [...workspaces.map((each) => each.folder), 'test']
    .flatMap((folder) => typescriptFiles(folder))
    .map(parseSource);
}

function isBuiltin(name: string): boolean {
  return name.startsWith('node:') || builtinModules.includes(name);
}

function localImports(file: SourceFile): string[] {
  return file.imports
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => normalize(join(dirname(file.path), specifier)));
}

function leavingImports(file: SourceFile, folder: string): string[] {
  return file.imports
    .filter((specifier) => specifier.startsWith('.'))
    .filter((specifier) => !normalize(join(dirname(file.path), specifier)).startsWith(`${folder}/`))
    .map((specifier) => `${file.path} leaves its package with ${specifier}`);
}

function hiddenImports(file: SourceFile): string[] {
  return file.imports
    .filter((specifier) => specifier.startsWith('@sluice/'))
    .filter((specifier) => {
      const name = packageOf(specifier);
      const target =
        byName.get(name)?.manifest ?? (name === '@sluice/test' ? readManifest('test') : undefined);
      return target?.exports?.[`.${specifier.slice(name.length)}`] === undefined;
    })
    .map((specifier) => `${file.path} imports ${specifier}, which is not exported`);
}

const impureGlobals = new Set(['process', 'performance', 'setTimeout', 'setInterval', 'fetch', 'crypto']);
const impureCalls = new Set(['Date.now', 'Math.random']);

/** What a pure package may not touch: the clock, chance, timers, the process. */
function impureUses(file: SourceFile): string[] {
  const uses: string[] = [];
  const report = (node: { start: number }, what: string): void => {
    uses.push(`${file.path}:${file.lineOf(node.start)} uses ${what}`);
  };
  const visitor = new Visitor({
    MemberExpression: (node) => {
      if (node.object.type !== 'Identifier' || node.property.type !== 'Identifier') return;
      const path = `${node.object.name}.${node.property.name}`;
      if (impureCalls.has(path) || impureGlobals.has(node.object.name)) report(node, path);
    },
    CallExpression: (node) => {
      if (node.callee.type === 'Identifier' && impureGlobals.has(node.callee.name))
        report(node, node.callee.name);
    },
    NewExpression: (node) => {
      const isDate = node.callee.type === 'Identifier' && node.callee.name === 'Date';
      if (isDate && node.arguments.length === 0) report(node, 'new Date()');
    },
  });
  visitor.visit(file.program);
  return uses;
}
