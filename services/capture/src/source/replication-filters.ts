/** Of a channel, as SHOW REPLICA STATUS has it. */
type Channel = Readonly<Record<string, unknown>>;

/** Databases of the server itself, without rows of applications. Managed replicas leave out tables of theirs. */
const OF_THE_SERVER = /^(?:mysql|sys|performance_schema|information_schema|innodb_memcache)(?:\.|$)/u;
/** Filters that name what is left out; all others name what is taken, or change it. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'Replicate_Ignore_DB',
  'Replicate_Ignore_Table',
  'Replicate_Wild_Ignore_Table',
]);

/** Why a replica does not get all that its source has; null when it does. Pure. */
export function leavesOut(channel: Channel): string | null {
  const filter = filtersOf(channel)[0];
  return filter === undefined ? null : toldAs(filter);
}

/**
 * The same for who captures tables of applications alone. With GTIDs a replica counts what it leaves out as a transaction all the same:
 * that it lacks something shows nowhere else. Pure.
 */
export function leavesRowsOut(channels: readonly Channel[]): string | null {
  const filter = channels.flatMap(filtersOf).find((each) => !isOfTheServer(each));
  return filter === undefined ? null : toldAs(filter);
}

type Filter = readonly [name: string, value: string];

function filtersOf(channel: Channel): readonly Filter[] {
  return Object.entries(channel).flatMap(([name, value]) =>
    name.startsWith('Replicate_') && typeof value === 'string' && value !== ''
      ? [[name, value] as const]
      : [],
  );
}

function isOfTheServer([name, value]: Filter): boolean {
  return LEFT_OUT.has(name) && value.split(',').every((part) => OF_THE_SERVER.test(part.trim()));
}

function toldAs([name, value]: Filter): string {
  return `it leaves a part out (${name}: ${value})`;
}
