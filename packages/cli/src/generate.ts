import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { envelopeJsonSchema } from '@sluice/envelope';
import { configJsonSchema, configPage, errorsPage } from '@sluice/runtime/reference';

/**
 * Writes the pages and schemas that are made from code, so that they cannot say anything else than it does.
 * `node packages/cli/src/generate.ts` writes them, `--check` only names those that are out of date.
 */

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../../..');

type SinkSchemas = Parameters<typeof configJsonSchema>[0];

/** Text of every generated file by its path in the repository. */
export async function generatedFiles(root = ROOT): Promise<ReadonlyMap<string, string>> {
  const config = configJsonSchema(await sinkSchemas(root));
  return new Map([
    ['docs/config.md', configPage(config)],
    ['docs/errors.md', errorsPage()],
    ['docs/sluice.schema.json', jsonText(config)],
    ['packages/envelope/schema/envelope-v1.schema.json', jsonText(envelopeJsonSchema())],
  ]);
}

/** Paths of the generated files that are missing or differ from what the code says. */
export async function staleFiles(root = ROOT): Promise<readonly string[]> {
  const stale: string[] = [];
  for (const [path, text] of await generatedFiles(root)) {
    const file = join(root, path);
    if (!existsSync(file) || (await readFile(file, 'utf8')) !== text) stale.push(path);
  }
  return stale;
}

export async function writeGeneratedFiles(root = ROOT): Promise<void> {
  for (const [path, text] of await generatedFiles(root)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
}

/**
 * The schema of each sink's section: the one `…Schema` that `services/sink-<name>/src/config.ts` exports. Found by the
 * folder, so that a new sink is documented without a change here.
 */
async function sinkSchemas(root: string): Promise<SinkSchemas> {
  const services = await readdir(join(root, 'services'));
  const schemas: Record<string, SinkSchemas[string]> = {};
  for (const folder of services.sort()) {
    const name = /^sink-(.+)$/.exec(folder)?.[1];
    const file = join(root, 'services', folder, 'src/config.ts');
    if (name === undefined || !existsSync(file)) continue;
    const module = (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
    const [schema] = Object.entries(module).flatMap(([exported, value]) =>
      exported.endsWith('Schema') && isSchema(value) ? [value] : [],
    );
    if (schema === undefined) throw new Error(`${folder}/src/config.ts exports no schema of its section`);
    schemas[name] = schema;
  }
  return schemas;
}

function isSchema(value: unknown): value is SinkSchemas[string] {
  return typeof value === 'object' && value !== null && 'safeParse' in value;
}

function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

async function main(): Promise<void> {
  if (!process.argv.includes('--check')) return writeGeneratedFiles();
  const stale = await staleFiles();
  if (stale.length === 0) return;
  console.error(`out of date: ${stale.join(', ')}; run npm run generate`);
  process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
