import type { z } from 'zod';
import { coerce, READ_ONCE } from './coerce.ts';
import { configError, formatPath, problemsOf } from './problems.ts';
import { opsSchemaFor } from './ops-schema.ts';
import type { OpsConfig, SluiceConfig } from './schema.ts';
import { sinkTypeOf } from './sink-type.ts';

/**
 * Checks a section by the schema of the part that owns it, e.g. `parseSection(config, ['sinks', 'redis'], schema)`.
 * A missing section counts as an empty one: what has no default is then listed. Throws CONFIG_INVALID as `loadConfig` does.
 */
export function parseSection<C>(config: object, path: readonly string[], schema: z.ZodType<C>): C {
  const section = path.reduce<unknown>(
    (inner, part) =>
      typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[part] : undefined,
    config,
  );
  const candidate = coerce(section ?? {}, schema);
  const result = schema.safeParse(candidate, READ_ONCE);
  if (!result.success) {
    throw configError(`section ${formatPath(path)}`, problemsOf(result.error, schema, candidate, path));
  }
  return result.data;
}

/** `ops` of a service with its defaults; `path` is its section, such as `['sinks', 'redis']`. Throws as `parseSection` does. */
export function opsOf(config: SluiceConfig, path: readonly string[]): OpsConfig {
  const [section = '', name] = path;
  const service = name === undefined ? section : sinkTypeOf(config, name);
  return parseSection(config, [...path, 'ops'], opsSchemaFor(service));
}
