import { parseTableId, type TopicRouting } from '@sluice/envelope';

/** Stands for all tables of a sink. */
const ALL = '*';

/**
 * Why no record of the topic is applied, for people; null when it is. A topic of several tables waits when one of them does: what
 * stands behind its records in a partition cannot pass them.
 * @param paused what operators have paused: `database.table`, or `*`
 */
export function operatorPause(
  paused: readonly string[],
  routing: TopicRouting,
  topic: string,
): string | null {
  if (paused.includes(ALL)) return 'an operator has paused the sink: sluice sink resume';
  const table = paused.find((each) => {
    const { database, table: name } = parseTableId(each);
    return routing.topicsOf(database, name).includes(topic);
  });
  return table === undefined ? null : `an operator has paused ${table}: sluice table resume`;
}
