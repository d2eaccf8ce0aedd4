import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, isAbsolute, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { sinkTypeOf, type ErrorCode, type SluiceConfig } from '@sluice/runtime';
import type { configJsonSchema } from '@sluice/runtime/reference';
import type { PreviewTable } from './preview.ts';

/**
 * Types of sinks that are installed: packages `@sluice/sink-TYPE` where Node looks for packages. A section of `sinks` is of one of them, by
 * its `type` or its name, or names a package of its own (`sinks.NAME.package`). They stand in no list, so that a new sink is known without a change elsewhere. Their `exports` are `./main`, which runs the sink,
 * `./config` with the schema of its section, and, when it has them, `./errors` with the codes of its errors as `CODES`, `./preview`
 * (see `preview.ts`), `./doctor` (see `examine.ts`), `./compare` and `./repair`, which read and repair its store (`@sluice/compare`), `./rebuild`
 * (see `rebuild/store-rebuild.ts`), and `./demo` (`@sluice/demo`).
 */
const SCOPE = '@sluice';
const FOLDER = /^sink-([a-z0-9-]+)$/;

export type SinkPart =
  | './main'
  | './config'
  | './errors'
  | './preview'
  | './doctor'
  | './compare'
  | './repair'
  | './rebuild'
  | './demo';
type Exports = Readonly<Partial<Record<SinkPart, string>>>;

interface SinkPackage {
  readonly folder: string;
  readonly exports: Exports;
}

type Sections = Pick<SluiceConfig, 'sinks'>;
const NONE: Sections = { sinks: {} };

/** Schemas of sections in sluice.yaml, by name. */
export type SinkSchemas = Parameters<typeof configJsonSchema>[0];

/** Types of sinks in alphabetical order, such as `redis`. */
export function installedSinks(): readonly string[] {
  return [...findSinks().keys()].sort();
}

/** Path of the module that runs the sink of this name; null when there is no such sink. */
export function sinkMain(name: string, config = NONE): string | null {
  return partFile(packageOf(name, config), './main');
}

/** What is wrong with a section of sinks that there is no sink for, and what is right. */
export function missingSink(name: string, config: Sections): string {
  const named = packageSetting(config.sinks[name]);
  if (named !== null)
    return `sinks.${name}.package: found "${named}", needs a folder or a package whose package.json exports ./main and ./config`;
  const known = installedSinks().join(', ') || 'none is installed';
  const type = sinkTypeOf(config, name);
  const found =
    type === name ? `sinks.${name}: there is no such sink` : `sinks.${name}.type: found "${type}"`;
  return `${found}; known types: ${known}. One of your own is named by sinks.${name}.package`;
}

/** Of all installed types by their names, and of the sections of `config`. */
export async function sinkSchemas(config = NONE): Promise<SinkSchemas> {
  const schemas: Record<string, SinkSchemas[string]> = {};
  for (const name of new Set([...installedSinks(), ...Object.keys(config.sinks)])) {
    const schema = await sinkSchema(name, config);
    if (schema !== null) schemas[name] = schema;
  }
  return schemas;
}

/** The schema of the sink's section; null when the sink is not installed. */
export async function sinkSchema(name: string, config: Sections): Promise<SinkSchemas[string] | null> {
  if (packageOf(name, config) === undefined) return null;
  const exported = Object.entries((await importPart(name, './config', config)) ?? {});
  const [schema] = exported.flatMap(([member, value]) =>
    member.endsWith('Schema') && isSchema(value) ? [value] : [],
  );
  if (schema === undefined) throw new Error(`the ./config of sink ${name} has no schema of its section`);
  return schema;
}

/** The codes of the errors that only one type of sink has, of all types. */
export async function sinkErrorCodes(): Promise<readonly ErrorCode[]> {
  const codes: ErrorCode[] = [];
  for (const name of installedSinks()) {
    const errors = await importPart<{ readonly CODES: Record<string, ErrorCode> }>(name, './errors', NONE);
    codes.push(...Object.values(errors?.CODES ?? {}));
  }
  return codes;
}

/** Null when the sink is not installed, or shows nothing. */
export async function sinkPreview(name: string, config = NONE): Promise<PreviewTable | null> {
  const part = await importPart<{ readonly previewTable: PreviewTable }>(name, './preview', config);
  return part?.previewTable ?? null;
}

/** A module that the sink of this name exports, which the caller knows the content of; null when it has none. */
export async function importPart<T = Readonly<Record<string, unknown>>>(
  name: string,
  part: SinkPart,
  config: Sections,
): Promise<T | null> {
  const file = partFile(packageOf(name, config), part);
  return file === null ? null : ((await import(pathToFileURL(file).href)) as T);
}

function partFile(sink: SinkPackage | undefined, part: SinkPart): string | null {
  const path = sink?.exports[part];
  return sink === undefined || path === undefined ? null : join(sink.folder, path);
}

function packageOf(name: string, config: Sections): SinkPackage | undefined {
  const named = packageSetting(Object.hasOwn(config.sinks, name) ? config.sinks[name] : undefined);
  if (named !== null) return namedPackage(named) ?? undefined;
  return findSinks().get(sinkTypeOf(config, name));
}

function findSinks(): ReadonlyMap<string, SinkPackage> {
  const sinks = new Map<string, SinkPackage>();
  for (const scope of nodeModules(import.meta.url).map((place) => join(place, SCOPE))) {
    for (const folder of existsSync(scope) ? readdirSync(scope) : []) {
      const name = FOLDER.exec(folder)?.[1];
      const found = name === undefined || sinks.has(name) ? null : packageIn(join(scope, folder));
      if (name !== undefined && found !== null) sinks.set(name, found);
    }
  }
  return sinks;
}

function packageSetting(section: unknown): string | null {
  const named =
    typeof section === 'object' && section !== null && 'package' in section ? section.package : null;
  return typeof named === 'string' ? named : null;
}

/** A folder, or a package that Node finds from the working directory. */
function namedPackage(named: string): SinkPackage | null {
  if (isAbsolute(named) || named.startsWith('.')) return packageIn(resolve(named));
  const places = nodeModules(pathToFileURL(join(process.cwd(), 'sluice.yaml')).href);
  return places.map((place) => packageIn(join(place, named))).find((found) => found !== null) ?? null;
}

function packageIn(folder: string): SinkPackage | null {
  const file = join(folder, 'package.json');
  if (!existsSync(file)) return null;
  const { exports = {} } = JSON.parse(readFileSync(file, 'utf8')) as { readonly exports?: Exports };
  return exports['./main'] === undefined ? null : { folder, exports };
}

/** Where Node looks for packages, the nearest first. */
function nodeModules(from: string): readonly string[] {
  const places = createRequire(from).resolve.paths(SCOPE) ?? [];
  return places.filter((path) => basename(path) === 'node_modules');
}

function isSchema(value: unknown): value is SinkSchemas[string] {
  return typeof value === 'object' && value !== null && 'safeParse' in value;
}
