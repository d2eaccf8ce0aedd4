import { replicationRows } from '../source/replica.ts';
import { writesOf } from './read-only.ts';
import { unfitChannels } from './replica-of.ts';
import { addressOf, type DeedParts } from './servers.ts';
import { ownOf, withSide, type Side } from './side.ts';
import type { Seen } from './steps.ts';

/**
 * How far a switchover has come. Changes nothing. Throws as the servers and capture fail.
 * @param isBack applications may wait: a capture that does not answer is no reason to let them
 */
export async function look({ config, old, to, login, capture }: DeedParts, isBack: boolean): Promise<Seen> {
  const server = await capture.now().then(
    (now) => now.server,
    (error: unknown) => {
      if (isBack) return '';
      throw error;
    },
  );
  return withSide(config, old, login, (one) =>
    withSide(config, to, login, async (other) => ({
      reads: server === '' ? 'unknown' : server === addressOf(to) ? 'new' : 'old',
      ...(await lookAtBoth(one, other)),
    })),
  );
}

async function lookAtBoth(old: Side, to: Side): Promise<Omit<Seen, 'reads'>> {
  const rows = await replicationRows(to.connection, to.facts);
  const has = await to.executed();
  return {
    oldTakes: await writesOf(old.connection, old.facts.flavour),
    newTakes: await writesOf(to.connection, to.facts.flavour),
    newIsReplica: rows.length > 0,
    newHasOwn: isOfOneKind(old, to) ? ownOf(has, await old.executed()).toString() : '',
    unfit: await unfitPair(old, to, rows),
  };
}

const isOfOneKind = (old: Side, to: Side): boolean => old.facts.flavour === to.facts.flavour;

async function unfitPair(
  old: Side,
  to: Side,
  rows: Awaited<ReturnType<typeof replicationRows>>,
): Promise<string | null> {
  if (!isOfOneKind(old, to))
    return `the new source is ${to.facts.flavour}, and the old one ${old.facts.flavour}`;
  if (old.facts.identity === to.facts.identity) return 'the new source and the old one are the same server';
  if ((await replicationRows(old.connection, old.facts)).length > 0)
    return 'the old source replicates from another server: it is not the primary';
  const unfit = unfitChannels(rows, old.facts);
  return unfit === null ? null : `the new source is not its replica: ${unfit}`;
}
