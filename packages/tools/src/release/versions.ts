import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const CHART = 'infra/helm/sluice/Chart.yaml';
const OWN = /^@sluice\//;
const RANGES = ['dependencies', 'devDependencies', 'peerDependencies'] as const;

type Manifest = {
  readonly name: string;
  version: string;
} & { [kind in (typeof RANGES)[number]]?: Record<string, string> };

interface Lock {
  readonly version?: string;
  readonly packages?: Readonly<Record<string, { readonly version?: string }>>;
}

/** Semantic Versioning 2.0, without build metadata, which no tag of an image may have. */
export function isVersion(text: string): boolean {
  const number = '(0|[1-9]\\d*)';
  return new RegExp(`^${number}\\.${number}\\.${number}(-[0-9A-Za-z-]+(\\.[0-9A-Za-z-]+)*)?$`).test(text);
}

/** Manifests of the repository, relative to it. */
export function manifestFiles(root: string): readonly string[] {
  const found = globSync(['package.json', 'test/package.json', '{packages,services}/*/package.json'], {
    cwd: root,
  });
  return found.toSorted();
}

/** Places that name another version, a line each: manifests, where they name each other, the lock file with its workspaces, the chart, the rendered manifests. */
export function versionProblems(root: string, version: string): readonly string[] {
  const manifests = manifestFiles(root).flatMap((file) => {
    const manifest = readManifest(root, file);
    const own = manifest.version === version ? [] : [`${file}: version ${manifest.version}`];
    const named = RANGES.flatMap((kind) => Object.entries(manifest[kind] ?? {}));
    const others = named.filter(([name, range]) => OWN.test(name) && range !== version);
    return [...own, ...others.map(([name, range]) => `${file}: ${name} ${range}`)];
  });
  const lock = JSON.parse(read(root, 'package-lock.json')) as Lock;
  const locked = lock.version === version ? [] : [`package-lock.json: version ${String(lock.version)}`];
  const workspaces = Object.entries(lock.packages ?? {}).flatMap(([path, entry]) =>
    /^(packages|services)\/[^/]+$|^test$/.test(path) && entry.version !== version
      ? [`package-lock.json: ${path} ${String(entry.version)}`]
      : [],
  );
  const rendered = globSync('infra/kubernetes/{base,overlays}/**/*.yaml', { cwd: root })
    .toSorted()
    .filter((file) => labelled(read(root, file)).some((found) => found !== version))
    .map((file) => `${file}: another version (npm run manifests)`);
  const chart = read(root, CHART)
    .split('\n')
    .filter((line) => /^(appVersion|version):/.test(line) && line.split(': ')[1] !== version);
  return [...manifests, ...locked, ...workspaces, ...rendered, ...chart.map((line) => `${CHART}: ${line}`)];
}

/** Versions that a rendered manifest names by its labels and images. */
function labelled(text: string): readonly string[] {
  const found = text.matchAll(/app\.kubernetes\.io\/version: "?([^"\s]+)|image: \S*sluice-[a-z-]+:(\S+)/g);
  return [...found].map(([, label, image]) => label ?? image ?? '');
}

/** Writes the version everywhere but into the lock file, which npm writes. */
export function setVersion(root: string, version: string): void {
  for (const file of manifestFiles(root)) {
    const manifest = readManifest(root, file);
    manifest.version = version;
    for (const kind of RANGES)
      for (const name of Object.keys(manifest[kind] ?? {}))
        if (OWN.test(name)) (manifest[kind] ??= {})[name] = version;
    writeFileSync(join(root, file), `${JSON.stringify(manifest, null, 2)}\n`);
  }
  const chart = read(root, CHART).replaceAll(/^(appVersion|version): .*$/gm, `$1: ${version}`);
  writeFileSync(join(root, CHART), chart);
}

/**
 * Packages that whoever installs the command, capture and the sinks needs, by their folders: those and what they name, as long as it is ours.
 * @param wanted names of packages
 */
export function closureOf(root: string, wanted: readonly string[]): readonly string[] {
  const folders = new Map(
    manifestFiles(root).map((file) => [readManifest(root, file).name, file.replace(/\/?package\.json$/, '')]),
  );
  const taken = new Set<string>();
  const take = (name: string): void => {
    const folder = folders.get(name);
    if (folder === undefined || taken.has(folder)) return;
    taken.add(folder);
    const { dependencies = {}, peerDependencies = {} } = readManifest(root, join(folder, 'package.json'));
    for (const other of [...Object.keys(dependencies), ...Object.keys(peerDependencies)]) take(other);
  };
  for (const name of wanted) take(name);
  return [...taken].toSorted();
}

export function readManifest(root: string, file: string): Manifest {
  return JSON.parse(read(root, file)) as Manifest;
}

const read = (root: string, file: string): string => readFileSync(join(root, file), 'utf8');
