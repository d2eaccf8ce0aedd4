import { errors, type Client } from '@elastic/elasticsearch';
import { parseTableId } from '@sluice/envelope';
import { preflightFailed, type PreflightProblem } from '@sluice/runtime';
import type { SinkContext } from '@sluice/sink-kit';
import type { ElasticsearchConfig } from './config.ts';
import { requestError } from './elasticsearch-errors.ts';
import { indexName } from './elasticsearch-mapper.ts';
import type { IndexSettings } from './table-index.ts';

/**
 * Of the cluster: its health. Of the indexes: documents, and by `manage` their making, mappings, settings, aliases and statistics
 * (Elasticsearch guide, "Security privileges").
 */
const CLUSTER = ['monitor'] as const;
const INDEX = ['read', 'index', 'delete', 'manage'] as const;

/**
 * Throws PREFLIGHT_FAILED that names every privilege which the user lacks, with the role that has them. A cluster without
 * security has nobody to ask, and refuses nobody.
 */
export async function checkPrivileges(
  client: Client,
  config: ElasticsearchConfig,
  sink: Pick<SinkContext, 'section' | 'sourceTables'>,
  signal: AbortSignal,
): Promise<void> {
  const problems = await missingPrivileges(client, config, sink, signal);
  if (problems.length > 0) throw preflightFailed(problems);
}

/** What the user may not do. Throws a PipelineError when the cluster does not answer. */
export async function missingPrivileges(
  client: Client,
  config: ElasticsearchConfig,
  { section, sourceTables }: Pick<SinkContext, 'section' | 'sourceTables'>,
  signal: AbortSignal,
): Promise<readonly PreflightProblem[]> {
  const names = indexPatterns(config, sourceTables);
  const index = [{ names: [...names], privileges: [...INDEX] }];
  try {
    const answer = await client.security.hasPrivileges({ cluster: [...CLUSTER], index }, { signal });
    if (answer.has_all_requested) return [];
    const lacking = [
      ...missingOf(answer.cluster).map((privilege) => `${privilege} on the cluster`),
      ...Object.entries(answer.index).flatMap(([name, held]) =>
        missingOf(held).map((privilege) => `${privilege} on ${name}`),
      ),
    ];
    const role = JSON.stringify({ cluster: CLUSTER, indices: [{ names, privileges: INDEX }] });
    return [
      {
        setting: `${section}.auth`,
        found: `"${answer.username}" without ${lacking.join(', ')}`,
        required: 'a role with these privileges',
        fix: `PUT /_security/role/sluice ${role}, and give it to the user (for an API key: the same under role_descriptors)`,
      },
    ];
  } catch (error) {
    if (!isWithoutSecurity(error)) throw requestError(error, 'privileges');
    return [];
  }
}

/** Where rows and the sink's own state go, as far as the settings tell. */
export function indexPatterns(
  { indexPrefix: prefix, indexes }: IndexSettings,
  sourceTables: readonly string[],
): readonly string[] {
  const others = sourceTables.filter((pattern) => indexes[pattern] === undefined);
  const tables = others.map((pattern) => {
    const [database = '', table = ''] = pattern.split('.', 2);
    if (/[*?]/.test(database)) return `${prefix}*`;
    return `${indexName(prefix, database, /[*?]/.test(table) ? '' : table)}*`;
  });
  // Also those that an alias or a change of fields makes of them.
  const named = Object.entries(indexes).flatMap(([id, { name }]) => {
    // Rows may be under the table's own name, too.
    const { database, table } = parseTableId(id);
    return [`${prefix}${name}*`, `${indexName(prefix, database, table)}*`];
  });
  return [...new Set([...tables, ...named, `${prefix}sluice-state`])];
}

const missingOf = (held: Readonly<Record<string, boolean>>): string[] =>
  Object.entries(held).flatMap(([privilege, has]) => (has ? [] : [privilege]));

/** Security that is off, or of an edition without it, has no such page. */
export function isWithoutSecurity(error: unknown): boolean {
  return error instanceof errors.ResponseError && [400, 404, 405].includes(error.statusCode ?? 0);
}
