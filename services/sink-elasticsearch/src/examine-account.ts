import { Client } from '@elastic/elasticsearch';
import { parseSection } from '@sluice/runtime';
import type { ExamineAccount } from '@sluice/sink-kit';
import { clientOptions, elasticsearchSchema } from './config.ts';
import { requestError } from './elasticsearch-errors.ts';
import { isWithoutSecurity } from './preflight.ts';

/** Of the cluster what only an administrator needs; of indexes those that are not the sink's. */
const CLUSTER = ['all', 'manage_security', 'manage'] as const;
const INDEX = ['all', 'write', 'read'] as const;
const OTHERS = '*';

/** Whether the user may do what no sink does. Elasticsearch tells nobody but administrators how old a password is. */
export const examineAccount: ExamineAccount = async ({ config, sink, signal }) => {
  const settings = parseSection(config, ['sinks', sink], elasticsearchSchema);
  const client = new Client(clientOptions(settings, `sinks.${sink}`));
  const tried = `${CLUSTER.join(', ')} on the cluster, ${INDEX.join(', ')} on ${OTHERS}`;
  const times = { passwordSetMs: null, certificateEndsMs: null, tried };
  try {
    const index = [{ names: [OTHERS], privileges: [...INDEX] }];
    const answer = await client.security.hasPrivileges({ cluster: [...CLUSTER], index }, { signal });
    const { [OTHERS]: ofOthers = {} } = answer.index;
    const excess = [
      ...CLUSTER.filter((privilege) => answer.cluster[privilege] === true).map(
        (name) => `${name} on the cluster`,
      ),
      ...INDEX.filter((privilege) => ofOthers[privilege] === true).map((name) => `${name} on ${OTHERS}`),
    ];
    return { ...times, excess, advice: 'a user with the role of docs/your-servers.md and no other' };
  } catch (error) {
    if (!isWithoutSecurity(error)) throw requestError(error, 'privileges');
    return {
      ...times,
      excess: null,
      advice: 'the cluster has no security: whoever reaches it may do everything',
    };
  } finally {
    await client.close();
  }
};
