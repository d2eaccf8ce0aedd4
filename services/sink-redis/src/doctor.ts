import { parseTableId } from '@sluice/envelope';
import { aheadOfUsMs, clockProblem, ownNameOf, parseSection, type PreflightProblem } from '@sluice/runtime';
import type { ExamineOptions, ExamineStore } from '@sluice/sink-kit';
import { selectionOf } from '@sluice/sink-kit/selection';
import { redisConfigSchema, type RedisConfig } from './config.ts';
import { KeyOwners } from './key-owners.ts';
import { RedisConnection } from './redis-connection.ts';
import { RowKeys } from './row-keys.ts';
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
      ...(acl === null ? await templateProblems(connection, settings, { config, sink, log }) : []),
      slotProblem(facts, settings.keyPrefix, section),
      evictionProblem(facts.evictsBy),
      clockProblem({ of: 'Redis', aheadMs }),
    ].filter((problem) => problem !== null);
  } finally {
    connection.close();
  }
};

/** Templates other than those by which the rows were written. */
async function templateProblems(
  connection: RedisConnection,
  settings: RedisConfig,
  { config, sink, log }: Pick<ExamineOptions, 'config' | 'sink' | 'log'>,
): Promise<readonly PreflightProblem[]> {
  const section = `sinks.${sink}`;
  const owners = new KeyOwners(connection, new RowKeys(settings, section), settings.keyPrefix, {
    prefix: config.topics.prefix,
    named: ownNameOf(config, sink),
    group: `${config.pipeline}.${sink}`,
    section,
    log,
  });
  const problems: PreflightProblem[] = [];
  for (const id of Object.keys(settings.rows)) {
    const moved = await owners.moved(parseTableId(id));
    if (moved === null) continue;
    const setting = `${section}.rows["${id}"].keyTemplate`;
    problems.push({ setting, found: moved.message, required: 'the keys of before', fix: 'as it says' });
  }
  return problems;
}
