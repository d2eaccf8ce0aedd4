import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { configJsonSchema } from '@sluice/runtime/reference';
import { importProgram, programFile, ROOT } from './program-file.ts';

export type SinkSchemas = Parameters<typeof configJsonSchema>[0];

/**
 * The schema of each sink's section: the one `…Schema` that `services/sink-<name>/src/config.ts` exports. Found by the
 * folder, so that a new sink is known without a change here.
 */
export async function sinkSchemas(): Promise<SinkSchemas> {
  const services = await readdir(join(ROOT, 'services'));
  const schemas: Record<string, SinkSchemas[string]> = {};
  for (const folder of services.sort()) {
    const name = /^sink-(.+)$/.exec(folder)?.[1];
    const file = `services/${folder}/src/config.ts`;
    if (name === undefined || !existsSync(programFile(file))) continue;
    const module = await importProgram<Readonly<Record<string, unknown>>>(file);
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
