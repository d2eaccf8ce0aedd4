import { Client } from '@elastic/elasticsearch';
import { parseTableId } from '@sluice/envelope';
import { aheadOfUsMs, clockProblem, ownNameOf, parseSection, type PreflightProblem } from '@sluice/runtime';
import type { ExamineOptions, ExamineStore } from '@sluice/sink-kit';
import { selectionOf } from '@sluice/sink-kit/selection';
import { clientOptions, elasticsearchSchema, type ElasticsearchConfig } from './config.ts';
import { requestError } from './elasticsearch-errors.ts';
import { SYNCED } from './index-definition.ts';
import { IndexPlaces } from './index-places.ts';
import { indexPatterns, missingPrivileges } from './preflight.ts';

export { examineAccount } from './examine-account.ts';

/** Login, privileges, the health of the cluster, and its clock. */
export const examineStore: ExamineStore = async (options) => {
  const { config, sink, signal } = options;
  const settings = parseSection(config, ['sinks', sink], elasticsearchSchema);
  const section = `sinks.${sink}`;
  const client = new Client(clientOptions(settings, section));
  try {
    const about = { section, sourceTables: selectionOf(config, sink).patterns };
    const privileges = await missingPrivileges(client, settings, about, signal);
    const { status } = await client.cluster.health({}, { signal });
    const unsynced = await unsyncedIndexes(client, indexPatterns(settings, about.sourceTables), signal);
    const places = privileges.length > 0 ? [] : await placeProblems(client, settings, options);
    return [
      ...privileges,
      ...clusterProblem(status),
      ...unsynced,
      ...places,
      ...(await clockProblems(client, signal)),
    ];
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

/** Tables with a name of their own in the settings that the sink would not write under it. */
async function placeProblems(
  client: Client,
  settings: ElasticsearchConfig,
  { config, sink }: Pick<ExamineOptions, 'config' | 'sink'>,
): Promise<readonly PreflightProblem[]> {
  const section = `sinks.${sink}`;
  const { prefix } = config.topics;
  const places = new IndexPlaces(client, settings, { section, named: ownNameOf(config, sink), prefix });
  const problems: PreflightProblem[] = [];
  for (const id of Object.keys(settings.indexes)) {
    const problem = await places.problemOf(parseTableId(id));
    if (problem === null) continue;
    const setting = `${section}.indexes["${id}"].name`;
    problems.push({
      setting,
      found: problem.message,
      required: 'the name of before, or a free one',
      fix: 'as it says',
    });
  }
  return problems;
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
