import { Client } from '@elastic/elasticsearch';
import { aheadOfUsMs, clockProblem, parseSection, type PreflightProblem } from '@sluice/runtime';
import type { ExamineStore } from '@sluice/sink-kit';
import { selectionOf } from '@sluice/sink-kit/selection';
import { clientOptions, elasticsearchSchema } from './config.ts';
import { requestError } from './elasticsearch-errors.ts';
import { SYNCED } from './index-definition.ts';
import { indexPatterns, missingPrivileges } from './preflight.ts';

export { examineAccount } from './examine-account.ts';

/** Login, privileges, the health of the cluster, and its clock. */
export const examineStore: ExamineStore = async ({ config, sink, signal }) => {
  const settings = parseSection(config, ['sinks', sink], elasticsearchSchema);
  const section = `sinks.${sink}`;
  const client = new Client(clientOptions(settings, section));
  try {
    const about = { section, sourceTables: selectionOf(config, sink).patterns };
    const privileges = await missingPrivileges(client, settings, about, signal);
    const { status } = await client.cluster.health({}, { signal });
    const unsynced = await unsyncedIndexes(
      client,
      indexPatterns(settings.indexPrefix, about.sourceTables),
      signal,
    );
    return [...privileges, ...clusterProblem(status), ...unsynced, ...(await clockProblems(client, signal))];
  } catch (error) {
    throw requestError(error, 'health');
  } finally {
    await client.close();
  }
};

/** In whole seconds: half a second off in the middle. */
async function clockProblems(client: Client, signal: AbortSignal): Promise<readonly PreflightProblem[]> {
  const aheadMs = await aheadOfUsMs(async () => {
    const [health] = await client.cat.health({ format: 'json', h: 'epoch' }, { signal });
    return Number(health?.epoch) * 1000 + 500;
  });
  const problem = clockProblem({ of: 'Elasticsearch', aheadMs, exactMs: 500 });
  return problem === null ? [] : [problem];
}

/** The sink sets it back where it meets it, at the first row of a table; until then a node that crashes loses what it has acknowledged. */
async function unsyncedIndexes(
  client: Client,
  index: readonly string[],
  signal: AbortSignal,
): Promise<readonly PreflightProblem[]> {
  const [name = ''] = Object.keys(SYNCED);
  const request = { index: [...index], name, ignore_unavailable: true, allow_no_indices: true };
  const found = await client.indices.getSettings(request, { signal });
  return Object.entries(found).flatMap(([of, { settings }]) => {
    const durability = settings?.index?.translog?.durability;
    if (durability?.toLowerCase() !== 'async') return [];
    return [
      {
        setting: `${name} of ${of}`,
        found: durability,
        required: 'request',
        fix: `PUT /${of}/_settings ${JSON.stringify(SYNCED)}: rows that are acknowledged are lost otherwise when a node crashes`,
      },
    ];
  });
}

/** Yellow has no replica of some shard, as a single node has none. */
function clusterProblem(status: string): readonly PreflightProblem[] {
  if (status.toLowerCase() !== 'red') return [];
  return [
    {
      setting: 'health of the Elasticsearch cluster',
      found: 'red: some primary shards have no node',
      required: 'yellow or green',
      fix: 'GET /_cluster/allocation/explain says why; until then writes to these indexes wait',
    },
  ];
}
