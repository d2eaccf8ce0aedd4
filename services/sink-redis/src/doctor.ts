import { parseSection } from '@sluice/runtime';
import type { ExamineStore } from '@sluice/sink-kit';
import { redisConfigSchema } from './config.ts';
import { RedisConnection } from './redis-connection.ts';
import { serverFacts, slotProblem } from './server-facts.ts';
import { aclProblemOf, evictionProblem } from './store-checks.ts';

/** Login, ACL, the slots of a cluster, and whether the server keeps what it is given. */
export const examineStore: ExamineStore = async ({ config, log }) => {
  const section = parseSection(config, ['sinks', 'redis'], redisConfigSchema);
  const connection = new RedisConnection(section, log, () => undefined);
  try {
    await connection.open();
    const about = { group: `${config.pipeline}.redis`, sourceTables: config.source.tables };
    const acl = await aclProblemOf(connection, section, about);
    const facts = serverFacts(await connection.info());
    return [acl, slotProblem(facts, section.keyPrefix), evictionProblem(facts.evictsBy)].filter(
      (problem) => problem !== null,
    );
  } finally {
    connection.close();
  }
};
