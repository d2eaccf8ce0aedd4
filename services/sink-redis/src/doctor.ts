import { aheadOfUsMs, clockProblem, parseSection } from '@sluice/runtime';
import type { ExamineStore } from '@sluice/sink-kit';
import { selectionOf } from '@sluice/sink-kit/selection';
import { redisConfigSchema } from './config.ts';
import { RedisConnection } from './redis-connection.ts';
import { serverFacts, slotProblem } from './server-facts.ts';
import { aclProblemOf, evictionProblem } from './store-checks.ts';

export { examineAccount } from './examine-account.ts';

/** Login, ACL, the slots of a cluster, whether the server keeps what it is given, and its clock. */
export const examineStore: ExamineStore = async ({ config, sink, log }) => {
  const settings = parseSection(config, ['sinks', sink], redisConfigSchema);
  const section = `sinks.${sink}`;
  const connection = new RedisConnection(settings, { log, section }, () => undefined);
  try {
    await connection.open();
    const about = {
      group: `${config.pipeline}.${sink}`,
      section,
      sourceTables: selectionOf(config, sink).patterns,
    };
    const acl = await aclProblemOf(connection, settings, about);
    const facts = serverFacts(await connection.info());
    const aheadMs = await aheadOfUsMs(async () => serverFacts(await connection.info()).timeMs);
    return [
      acl,
      slotProblem(facts, settings.keyPrefix, section),
      evictionProblem(facts.evictsBy),
      clockProblem({ of: 'Redis', aheadMs }),
    ].filter((problem) => problem !== null);
  } finally {
    connection.close();
  }
};
