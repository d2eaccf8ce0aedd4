import { parse, parseAllDocuments, stringify } from 'yaml';

export type Value = null | boolean | number | string | readonly Value[] | Tree;
export interface Tree {
  readonly [key: string]: Value;
}

/** An object of Kubernetes. */
export interface Manifest {
  readonly [key: string]: Value;
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly [key: string]: Value; readonly name: string };
}

const SOURCE = /^# Source: [^/]+\/templates\/(\S+)$/m;

/** The objects of a rendering by the template that they come from, in Helm's order. */
export function byTemplate(rendered: string): ReadonlyMap<string, readonly Manifest[]> {
  const found = new Map<string, Manifest[]>();
  for (const part of rendered.split(/^---$/m)) {
    const file = SOURCE.exec(part)?.[1];
    const manifest = parse(part) as Manifest | null;
    if (file === undefined || manifest === null) continue;
    found.set(file, [...(found.get(file) ?? []), manifest]);
  }
  return found;
}

/** What an object is told from every other one by. */
export function nameOf({ kind, metadata }: Manifest): string {
  return `${kind}/${metadata.name}`;
}

export function manifestsOf(text: string): readonly Manifest[] {
  return parseAllDocuments(text).flatMap((document) => {
    const [error] = document.errors;
    if (error) throw error;
    return (document.toJS() as Manifest | null) ?? [];
  });
}

export function yamlText(header: string, values: readonly Value[]): string {
  const documents = values.map((value) => stringify(value, { lineWidth: 0, aliasDuplicateObjects: false }));
  return `# ${header}\n${documents.join('---\n')}`;
}
