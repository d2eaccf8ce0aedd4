import { Client } from '@elastic/elasticsearch';
import { parseSection, type PreflightProblem } from '@sluice/runtime';
import type { ExamineStore } from '@sluice/sink-kit';
import { clientOptions, elasticsearchSchema } from './config.ts';
import { requestError } from './elasticsearch-errors.ts';
import { missingPrivileges } from './preflight.ts';

/** Login, privileges, and the health of the cluster. */
export const examineStore: ExamineStore = async ({ config, signal }) => {
  const section = parseSection(config, ['sinks', 'elasticsearch'], elasticsearchSchema);
  const client = new Client(clientOptions(section));
  try {
    const privileges = await missingPrivileges(client, section, config.source.tables, signal);
    const { status } = await client.cluster.health({}, { signal });
    return [...privileges, ...clusterProblem(status)];
  } catch (error) {
    throw requestError(error, 'health');
  } finally {
    await client.close();
  }
};

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
