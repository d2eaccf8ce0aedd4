import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { HelmTemplate } from './helm.ts';
import { patchOf } from './json-patch.ts';
import { byTemplate, nameOf, yamlText, type Manifest, type Tree } from './manifest.ts';

/** Folders of infra/kubernetes, relative to the repository, by the values that each is rendered from. */
const OVERLAYS = ['small', 'production'] as const;
const KUBERNETES = 'infra/kubernetes';
export const CHART = 'infra/helm/sluice';
const NAMESPACE = 'sluice';
const HEADER = 'Rendered from infra/helm/sluice; npm run manifests writes it again.';
/** Whose content kustomize keeps in a file of its own, and names with its hash, so that a change of it rolls the pods. */
const CONFIG = 'ConfigMap/sluice-config';

interface Rendered {
  readonly templates: ReadonlyMap<string, readonly Manifest[]>;
  /** sluice.yaml. */
  readonly config: string;
}

/** Text of every file of kustomize by its path in the repository: `base` is the chart with values/base.yaml, an overlay what differs with its own values. */
export function kustomizeFiles(helm: HelmTemplate, root: string): ReadonlyMap<string, string> {
  const base = render(helm, root, ['base']);
  const files = new Map<string, string>();
  for (const [template, manifests] of base.templates)
    files.set(`${KUBERNETES}/base/${template}`, yamlText(HEADER, manifests));
  files.set(`${KUBERNETES}/base/sluice.yaml`, base.config);
  files.set(`${KUBERNETES}/base/kustomization.yaml`, kustomization(baseOf([...base.templates.keys()])));
  for (const overlay of OVERLAYS) {
    const folder = `${KUBERNETES}/overlays/${overlay}`;
    for (const [name, text] of overlayFiles(base, render(helm, root, ['base', overlay])))
      files.set(`${folder}/${name}`, text);
  }
  return files;
}

function render(helm: HelmTemplate, root: string, values: readonly string[]): Rendered {
  const text = helm({
    values: values.map((name) => join(root, KUBERNETES, 'values', `${name}.yaml`)),
    release: 'sluice',
    namespace: NAMESPACE,
  });
  const all = byTemplate(text);
  const config = configOf([...all.values()].flat());
  const rest = [...all].map(([file, manifests]) => {
    const others = manifests.filter((manifest) => nameOf(manifest) !== CONFIG).map(withoutHelm);
    return [file, others] as const;
  });
  return { config, templates: new Map(rest.filter(([, manifests]) => manifests.length > 0)) };
}

function configOf(manifests: readonly Manifest[]): string {
  const found = manifests.find((manifest) => nameOf(manifest) === CONFIG)?.['data'] as Tree | undefined;
  const text = found?.['sluice.yaml'];
  if (typeof text !== 'string') throw new Error(`the chart makes no ${CONFIG} with a sluice.yaml`);
  return text;
}

/** Without what is only true of a release of Helm; kustomize sets the namespace, and the name of the configuration tells of its change. */
function withoutHelm(manifest: Manifest): Manifest {
  const bare = JSON.parse(
    JSON.stringify(manifest, (key, value: unknown) =>
      /^(app\.kubernetes\.io\/managed-by|helm\.sh\/chart|checksum\/config)$/.test(key) ? undefined : value,
    ),
    (key, value: unknown) =>
      key === 'annotations' && Object.keys(value as Tree).length === 0 ? undefined : value,
  ) as Manifest;
  const { namespace: _, ...metadata } = bare.metadata;
  return { ...bare, metadata };
}

function baseOf(templates: readonly string[]): Tree {
  return {
    namespace: NAMESPACE,
    resources: ['namespace.yaml', ...templates.toSorted()],
    configMapGenerator: [{ name: 'sluice-config', files: ['sluice.yaml'] }],
  };
}

/** Files of an overlay: objects that the base has not, and a patch for each that it has otherwise. */
function overlayFiles(base: Rendered, overlay: Rendered): ReadonlyMap<string, string> {
  const before = new Map(
    [...base.templates.values()].flat().map((manifest) => [nameOf(manifest), manifest] as const),
  );
  const after = [...overlay.templates.values()].flat();
  const files = new Map<string, string>();
  for (const [template, manifests] of overlay.templates) {
    const added = manifests.filter((manifest) => !before.has(nameOf(manifest)));
    if (added.length > 0) files.set(template, yamlText(HEADER, added));
  }
  const patches = after.flatMap((manifest) => {
    const steps = patchOf(before.get(nameOf(manifest)) ?? manifest, manifest);
    return steps.length === 0 ? [] : [patchFor(manifest, steps)];
  });
  const kept = new Set(after.map(nameOf));
  const gone = [...before.values()].filter((manifest) => !kept.has(nameOf(manifest)));
  const deletions = gone.map((manifest) => {
    const { apiVersion, kind, metadata } = manifest;
    return patchFor(manifest, { apiVersion, kind, metadata: { name: metadata.name }, $patch: 'delete' });
  });
  const isOwn = overlay.config !== base.config;
  if (isOwn) files.set('sluice.yaml', overlay.config);
  const resources = ['../../base', ...[...files.keys()].filter((name) => name !== 'sluice.yaml').toSorted()];
  const generator = [{ name: 'sluice-config', behavior: 'replace', files: ['sluice.yaml'] }];
  files.set(
    'kustomization.yaml',
    kustomization({
      namespace: NAMESPACE,
      resources,
      ...(isOwn && { configMapGenerator: generator }),
      patches: [...patches, ...deletions],
    }),
  );
  return files;
}

function patchFor({ kind, metadata }: Manifest, patch: unknown): Tree {
  return { target: { kind, name: metadata.name }, patch: stringify(patch, { lineWidth: 0 }) };
}

function kustomization(content: Tree): string {
  return yamlText(HEADER, [
    { apiVersion: 'kustomize.config.k8s.io/v1beta1', kind: 'Kustomization', ...content },
  ]);
}

/** Paths of files that are missing or that the chart would not make. */
export function staleManifests(helm: HelmTemplate, root: string): readonly string[] {
  return [...kustomizeFiles(helm, root)].flatMap(([path, text]) => {
    try {
      return readFileSync(join(root, path), 'utf8') === text ? [] : [path];
    } catch {
      return [path];
    }
  });
}
