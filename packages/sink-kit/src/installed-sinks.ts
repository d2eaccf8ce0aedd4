import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import type { ErrorCode } from '@sluice/runtime';
import type { configJsonSchema } from '@sluice/runtime/reference';
import type { PreviewTable } from './preview.ts';

/**
 * Sinks that are installed: packages `@sluice/sink-NAME` where Node looks for packages. They are found by that name and stand in no
 * list, so that a new sink is known without a change elsewhere. Their `exports` are `./main`, which runs the sink, `./config` with
 * the schema of its section, `./errors` with the codes of its errors as `CODES`, and `./preview` (see `preview.ts`), the last two when it
 * has them.
 */
const SCOPE = '@sluice';
const FOLDER = /^sink-([a-z0-9-]+)$/;

type Part = './main' | './config' | './errors' | './preview';

/** The schema of each sink's section in sluice.yaml, by the sink's name. */
export type SinkSchemas = Parameters<typeof configJsonSchema>[0];

/** Names of the sinks in alphabetical order, such as `redis`. */
export function installedSinks(): readonly string[] {
  return [...findSinks().keys()].sort();
}

/** Runs a sink in this process, which ends with it. Throws RangeError when it is not installed. */
export async function startSink(name: string): Promise<void> {
  await importPart(name, './main');
}

export async function sinkSchemas(): Promise<SinkSchemas> {
  const schemas: Record<string, SinkSchemas[string]> = {};
  for (const name of installedSinks()) {
    const exported = Object.entries(await importPart(name, './config'));
    const [schema] = exported.flatMap(([member, value]) =>
      member.endsWith('Schema') && isSchema(value) ? [value] : [],
    );
    if (schema === undefined) throw new Error(`the ./config of sink ${name} has no schema of its section`);
    schemas[name] = schema;
  }
  return schemas;
}

/** The codes of the errors that only one sink has, of all sinks. */
export async function sinkErrorCodes(): Promise<readonly ErrorCode[]> {
  const codes: ErrorCode[] = [];
  for (const [name, exported] of findSinks()) {
    if (exported['./errors'] === undefined) continue;
    const { CODES } = (await importPart(name, './errors')) as { readonly CODES: Record<string, ErrorCode> };
    codes.push(...Object.values(CODES));
  }
  return codes;
}

/** Null when the sink is not installed, or shows nothing. */
export async function sinkPreview(name: string): Promise<PreviewTable | null> {
  if (findSinks().get(name)?.['./preview'] === undefined) return null;
  const { previewTable } = (await importPart(name, './preview')) as { readonly previewTable: PreviewTable };
  return previewTable;
}

type Exports = Readonly<Partial<Record<Part, string>>>;

/** What each installed sink exports. Node takes a package from the nearest `node_modules`. */
function findSinks(): ReadonlyMap<string, Exports> {
  const sinks = new Map<string, Exports>();
  const places = createRequire(import.meta.url).resolve.paths(SCOPE) ?? [];
  for (const place of places.filter((path) => basename(path) === 'node_modules')) {
    const scope = join(place, SCOPE);
    for (const folder of existsSync(scope) ? readdirSync(scope) : []) {
      const name = FOLDER.exec(folder)?.[1];
      const exported = name === undefined ? {} : exportsOf(join(scope, folder));
      if (name !== undefined && exported['./main'] !== undefined && !sinks.has(name))
        sinks.set(name, exported);
    }
  }
  return sinks;
}

function exportsOf(folder: string): Exports {
  const manifest: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return (manifest as { readonly exports?: Exports }).exports ?? {};
}

async function importPart(name: string, part: Part): Promise<Readonly<Record<string, unknown>>> {
  if (findSinks().get(name)?.[part] === undefined) throw new RangeError(`sink ${name} has no ${part}`);
  return (await import(`@sluice/sink-${name}/${part.slice(2)}`)) as Readonly<Record<string, unknown>>;
}

function isSchema(value: unknown): value is SinkSchemas[string] {
  return typeof value === 'object' && value !== null && 'safeParse' in value;
}
