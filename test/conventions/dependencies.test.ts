import { builtinModules } from 'node:module';
import { describe, expect, test } from 'vitest';
import { packageOf } from './package-name.ts';
import { parseSource } from './source-file.ts';
import { findWorkspaces, readManifest, typescriptFiles, type Manifest } from './workspaces.ts';

const workspaces = findWorkspaces();
const root = readManifest('.');
/** Tools every test may import without naming them again. */
const testTools = new Set(Object.keys(root.devDependencies ?? {}));

function importedPackages(files: readonly string[]): Set<string> {
  const specifiers = files.flatMap((path) => parseSource(path).imports);
  const names = specifiers.filter((specifier) => !specifier.startsWith('.')).map(packageOf);
  return new Set(names.filter((name) => !name.startsWith('node:') && !builtinModules.includes(name)));
}

function names(dependencies: Readonly<Record<string, string>> | undefined): readonly string[] {
  return Object.keys(dependencies ?? {}).filter((name) => !name.startsWith('@types/'));
}

describe.each(workspaces)('$folder', ({ folder, manifest }) => {
  const all = typescriptFiles(folder);
  const tests = all.filter((path) => path.startsWith(`${folder}/test/`));
  const inSources = importedPackages(all.filter((path) => !tests.includes(path)));
  const inTests = importedPackages(tests);

  test('names every package its sources import, and imports every package it names', () => {
    const declared = names({ ...manifest.dependencies, ...manifest.peerDependencies });
    const undeclared = [...inSources].filter((name) => !declared.includes(name));
    expect(undeclared.filter((name) => !testTools.has(name))).toEqual([]);
    expect(declared.filter((name) => !inSources.has(name))).toEqual([]);
  });

  test('names every package its tests import, and no other', () => {
    const declared = new Set([
      ...names(manifest.dependencies),
      ...names(manifest.devDependencies),
      ...testTools,
    ]);
    expect([...inTests].filter((name) => name !== manifest.name && !declared.has(name))).toEqual([]);
    expect(names(manifest.devDependencies).filter((name) => !inTests.has(name))).toEqual([]);
  });
});

test('the workspace of the tests names what it imports, both ways', () => {
  const imported = importedPackages(typescriptFiles('test'));
  const declared = names(readManifest('test').dependencies);
  expect([...imported].filter((name) => !declared.includes(name) && !testTools.has(name))).toEqual([]);
  expect(declared.filter((name) => !imported.has(name))).toEqual([]);
});

test('versions are exact, and the same everywhere', () => {
  const manifests: readonly Manifest[] = [
    root,
    readManifest('test'),
    ...workspaces.map((each) => each.manifest),
  ];
  const seen = new Map<string, string>();
  const problems: string[] = [];
  for (const manifest of manifests) {
    const { dependencies, peerDependencies, devDependencies } = manifest;
    const named = { ...dependencies, ...peerDependencies, ...devDependencies };
    for (const [name, version] of Object.entries(named)) {
      if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
        problems.push(`${manifest.name}: ${name} ${version} is not exact`);
      const other = seen.get(name) ?? version;
      if (other !== version) problems.push(`${manifest.name}: ${name} ${version}, elsewhere ${other}`);
      seen.set(name, version);
    }
  }
  expect(problems).toEqual([]);
});
