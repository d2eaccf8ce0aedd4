import { writesOf, type Writes } from './read-only.ts';
import { findUnloggedReplication, replicationRows } from '../source/replica.ts';
import { captureThere } from './capture-there.ts';
import { lackingRights } from './rights.ts';
import { unfitReplica } from './replica-of.ts';
import type { CaptureNow } from './capture-control.ts';
import { ownOf, type Side } from './side.ts';
import type { SluiceConfig } from '@sluice/runtime';

/** What a switchover finds before it begins. */
export interface Findings {
  /** What keeps it from beginning. */
  readonly problems: readonly string[];
  /** What the account may not do: somebody else is asked to. */
  readonly warnings: readonly string[];
  /** Transactions that the new source has still to get, in the server's own form; '' for none. */
  readonly behind: string;
  /** Of the old source. */
  readonly oldTakes: Writes;
}

interface Looked {
  readonly config: SluiceConfig;
  readonly capture: CaptureNow;
  readonly addresses: { readonly old: string; readonly new: string };
}

/** Looks at both servers and at capture, and changes nothing. Throws a PipelineError with a MYSQL_… code. */
export async function preflight(
  { config, capture, addresses }: Looked,
  old: Side,
  to: Side,
): Promise<Findings> {
  const problems: string[] = [];
  const { hosts, read } = config.source;
  const refuse = (why: string | null): void => void (why !== null && problems.push(why));
  const entry = hosts.find(({ host, port }) => `${host}:${port}` === addresses.new);
  if (entry === undefined) refuse(`source.hosts does not name ${addresses.new}`);
  if (entry?.role === 'replica')
    refuse(
      `source.hosts has ${addresses.new} with role: replica: capture would stop at its next start; take the role out`,
    );
  if (read === 'replica') refuse('source.read is replica: capture reads no primary');
  if (!capture.isStreaming) refuse('capture does not stream');
  if (capture.isStreaming && capture.gtidSet === null) refuse('capture reads without GTIDs');
  if (capture.server !== addresses.old) refuse(`capture reads ${capture.server}, not ${addresses.old}`);
  const oldTakes = await writesOf(old.connection, old.facts.flavour);
  for (const why of await serverProblems(old, to)) refuse(`${addresses.new}: ${why}`);
  if ((await replicationRows(old.connection, old.facts)).length > 0)
    refuse(`${addresses.old} replicates from another server: it is not the primary`);
  // In this order: what the new source gets meanwhile is not held against it.
  const has = await to.executed();
  const all = await old.executed();
  const own = ownOf(has, all);
  if (!own.isEmpty)
    refuse(`${addresses.new} has transactions that ${addresses.old} never had: ${own.toString()}`);
  if (problems.length === 0)
    for (const why of await captureThere(config, to.address)) refuse(`capture at ${addresses.new}: ${why}`);
  return {
    problems,
    warnings: [...(await lackingRights(old)), ...(await lackingRights(to))],
    behind: all.minus(has.completedBy(all)).toString(),
    oldTakes,
  };
}

async function serverProblems(old: Side, to: Side): Promise<readonly string[]> {
  const problems: string[] = [];
  if (old.facts.flavour !== to.facts.flavour)
    return [`it is ${to.facts.flavour}, and the old one ${old.facts.flavour}`];
  if (old.facts.identity === to.facts.identity) return ['it is the old one'];
  if (!old.facts.gtid || !to.facts.gtid) problems.push('gtid_mode is not ON on both');
  const unfit = unfitReplica(await replicationRows(to.connection, to.facts), old.facts);
  if (unfit !== null) problems.push(unfit);
  const unlogged = await findUnloggedReplication(to.connection, to.facts);
  if (unlogged !== null) problems.push(`${unlogged.setting} is ${unlogged.found}`);
  if ((await writesOf(to.connection, to.facts.flavour)) === 'open')
    problems.push('it takes writes: SET GLOBAL read_only = ON there first');
  return problems;
}
