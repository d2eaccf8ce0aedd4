import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

export const repositoryRoot = join(import.meta.dirname, '..', '..');

export interface Manifest {
  readonly name: string;
  readonly exports?: Readonly<Record<string, string>>;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

export interface Workspace {
  /** Folder relative to the repository, e.g. `packages/kafka`. */
  readonly folder: string;
  readonly manifest: Manifest;
  readonly isService: boolean;
}

export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(repositoryRoot, folder, 'package.json'), 'utf8')) as Manifest;
}

/** Found by folder, so that a new package or sink is held to the rules without a change here. */
export function findWorkspaces(): readonly Workspace[] {
  return globSync('{packages,services}/*/package.json', { cwd: repositoryRoot })
    .toSorted()
    .map((path) => {
      const folder = path.slice(0, -'/package.json'.length);
      return { folder, manifest: readManifest(folder), isService: folder.startsWith('services/') };
    });
}

/** Paths relative to the repository of the TypeScript files under `folder/part`, tests and sources alike. */
export function typescriptFiles(folder: string, part = ''): readonly string[] {
  const base = join(repositoryRoot, folder, part);
  if (!existsSync(base)) return [];
  return globSync('**/*.{ts,mjs}', { cwd: base, exclude: (name) => name === 'node_modules' })
    .map((path) => relative(repositoryRoot, join(base, path)))
    .toSorted();
}

export function readText(path: string): string {
  return readFileSync(join(repositoryRoot, path), 'utf8');
}
