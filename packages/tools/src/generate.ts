import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { envelopeJsonSchema } from '@sluice/envelope';
import { openApiDocument } from '@sluice/ops-api';
import { configJsonSchema, configPage, errorsPage } from '@sluice/runtime/reference';
import { sinkErrorCodes, sinkSchemas } from '@sluice/sink-kit/installed';
import { alertsPage, type FiredAlert } from './alerts-page.ts';
import { apiPage } from './api-page.ts';
import { dashboardFiles } from './dashboards/dashboard-files.ts';
import { valuesSchema } from './kubernetes/values-schema.ts';
import { metricsPage } from './metrics-page.ts';
import { securityPage, type RouteResult } from './security-page.ts';
import { typesPage, type TypeResults } from './types-page.ts';

/**
 * Writes the pages and schemas that are made from code, so that they cannot say anything else than it does.
 * `node packages/tools/src/generate.ts` writes them, `--check` only names those that are out of date.
 */

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../../..');

/** Text of every generated file by its path in the repository. */
export async function generatedFiles(root = ROOT): Promise<ReadonlyMap<string, string>> {
  const config = configJsonSchema(await sinkSchemas());
  return new Map([
    ...dashboardFiles(),
    ['docs/alerts.md', await alertsText(root)],
    ['docs/api.md', apiPage()],
    ['docs/config.md', configPage(config)],
    ['docs/errors.md', errorsPage(await sinkErrorCodes())],
    ['docs/metrics.md', metricsPage()],
    ['docs/openapi.json', jsonText(openApiDocument())],
    ['docs/security.md', await securityText(root)],
    ['docs/sluice.schema.json', jsonText(config)],
    ['docs/types.md', typesPage(await typeResults(root))],
    ['infra/helm/sluice/values.schema.json', jsonText(valuesSchema(config))],
    ['packages/envelope/schema/envelope-v1.schema.json', jsonText(envelopeJsonSchema())],
  ]);
}

/** The rules, with what the last long run has seen of them. */
async function alertsText(root: string): Promise<string> {
  const folder = join(root, 'infra/prometheus/rules');
  const names = (await readdir(folder)).filter((name) => name !== 'recording.yml').sort();
  const files = await Promise.all(
    names.map(
      async (name) => [name.replace('.yml', ''), await readFile(join(folder, name), 'utf8')] as const,
    ),
  );
  const fired = await readFile(join(root, 'test/harness/alerts/fired.json'), 'utf8');
  return alertsPage(new Map(files), JSON.parse(fired) as FiredAlert[]);
}

/** The page by hand, with what the test of the guard has found. */
async function securityText(root: string): Promise<string> {
  const found = await readFile(join(root, 'packages/ops-api/test/guarded-routes.json'), 'utf8');
  const page = await readFile(join(root, 'docs/security.md'), 'utf8');
  return securityPage(page, JSON.parse(found) as RouteResult[]);
}

/** What the last run of the conformance table has left: MySQL first, then MariaDB by version. */
async function typeResults(root: string): Promise<TypeResults[]> {
  const folder = join(root, 'test/conformance/types/results');
  const files = (await readdir(folder)).filter((name) => name.endsWith('.json'));
  const texts = await Promise.all(files.map((name) => readFile(join(folder, name), 'utf8')));
  const results = texts.map((text) => JSON.parse(text) as TypeResults);
  const order = ({ server }: TypeResults): string => `${server.startsWith('MySQL') ? 0 : 1}${server}`;
  return results.sort((one, other) => order(one).localeCompare(order(other), 'en'));
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
