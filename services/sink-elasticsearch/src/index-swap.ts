import type { Client, estypes } from '@elastic/elasticsearch';
import { parseTableId } from '@sluice/envelope';
import { PipelineError } from '@sluice/runtime';
import type { RebuiltTables } from '@sluice/sink-kit/rebuild';
import { liveAlias } from './elasticsearch-mapper.ts';
import { additionsTo, furtherAliases } from './further-aliases.ts';
import { LIVE_FILTER } from './index-definition.ts';
import { MOVED_MARK } from './index-move.ts';
import { findIndex, type FoundIndex } from './index-record.ts';
import { CODES } from './errors.ts';
import { removeIndexes } from './rebuild-records.ts';
import { tableIndex, type IndexSettings } from './table-index.ts';
import { refreshWhole } from './whole-answers.ts';

/** Names of a table: for readers and the sink, of the index that is filled beside it, and of the copy of what was replaced. */
export interface IndexNames {
  readonly index: string;
  readonly filled: string;
  readonly kept: string;
}

/** No name of a table gives this one: there a per cent sign is followed by two hexadecimal digits. */
function keptName(index: string, id: string): string {
  return `${index}%o${id}`;
}

export function indexNames(
  settings: IndexSettings,
  filledPrefix: string,
  tables: RebuiltTables,
): IndexNames[] {
  return tables.tables.map((id) => {
    const table = parseTableId(id);
    const index = tableIndex(settings, table);
    const filled = tableIndex({ ...settings, indexPrefix: filledPrefix }, table);
    return { index, filled, kept: keptName(index, tables.id) };
  });
}

/** Whether the name of the table leads to the index that was filled. */
export async function isSwapped(client: Client, { index, filled }: IndexNames): Promise<boolean> {
  const [now, wanted] = [await findIndex(client, index), await findIndex(client, filled)];
  return now !== null && wanted !== null && now.uuid === wanted.uuid;
}

/**
 * Copies what has to be kept and cannot be renamed; nothing changes for anybody. An index that bears the name of its table itself cannot be
 * renamed: of it a copy is kept, which takes no room of its own at first (files are linked).
 */
export async function keepCopies(client: Client, all: readonly IndexNames[]): Promise<void> {
  for (const { index, kept } of all) {
    const from = await findIndex(client, index);
    if (from?.name === index) await keepCopy(client, from, kept);
  }
}

/** One request, for readers and for the sink: all old indexes, or all new ones. */
export async function swapIndexes(client: Client, all: readonly IndexNames[]): Promise<void> {
  const pairs = await Promise.all(
    all.map(async (names) => ({
      names,
      from: await findIndex(client, names.index),
      to: await filledIndex(client, names),
    })),
  );
  for (const { to } of pairs) await refreshWhole(client, { index: to.name });
  const actions = pairs.flatMap(readersActions);
  for (const pair of pairs) {
    actions.push(...(await nameActions(client, pair)));
    actions.push(...(await unfinishedActions(client, pair)));
  }
  await client.indices.updateAliases({ actions });
}

/** What was replaced of these tables: a copy, or the index that had an alias for its name. Never what is in use. */
export async function keptIndexes(client: Client, all: readonly IndexNames[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { index, kept } of all) {
    const [old, used] = [await findIndex(client, kept), await findIndex(client, index)];
    if (old !== null && old.uuid !== used?.uuid) found.push(old.name);
  }
  return found;
}

async function filledIndex(client: Client, { index, filled }: IndexNames): Promise<FoundIndex> {
  const found = await findIndex(client, filled);
  if (found !== null) return found;
  throw new RangeError(`${filled}, which is to take the place of ${index}, is not there`);
}

interface Pair {
  readonly names: IndexNames;
  readonly from: FoundIndex | null;
  readonly to: FoundIndex;
}

function readersActions({ names, from, to }: Pair): estypes.IndicesUpdateAliasesAction[] {
  const alias = liveAlias(names.index);
  // One that goes altogether takes its aliases with it.
  const isOther = from !== null && from.uuid !== to.uuid && from.name !== names.index;
  return [
    ...(isOther ? [{ remove: { index: from.name, alias, must_exist: false } }] : []),
    { add: { index: to.name, alias, filter: LIVE_FILTER } },
  ];
}

/** Every other alias that the old index has goes over as it is. */
async function nameActions(
  client: Client,
  { names, from, to }: Pair,
): Promise<estypes.IndicesUpdateAliasesAction[]> {
  const name = { add: { index: to.name, alias: names.index } };
  if (from === null) return [name];
  if (from.uuid === to.uuid) return [];
  const aliases = await furtherAliases(client, from.name, names.index);
  const gone =
    from.name === names.index
      ? [{ remove_index: { index: from.name } }]
      : [
          ...[...aliases.map(([alias]) => alias), names.index].map((alias) => ({
            remove: { index: from.name, alias },
          })),
          { add: { index: from.name, alias: names.kept } },
        ];
  return [...gone, name, ...additionsTo(to.name, aliases)];
}

/** A move that was broken off may have given the aliases to the index that it was making. That one goes; not what is kept of a swap before. */
async function unfinishedActions(
  client: Client,
  { names, from, to }: Pair,
): Promise<estypes.IndicesUpdateAliasesAction[]> {
  const found = await client.indices.get({ index: `${names.index}${MOVED_MARK}*` });
  const unfinished = Object.entries(found).filter(([name, { aliases = {} }]) => {
    const isKept = Object.keys(aliases).some((alias) => alias.startsWith(keptName(names.index, '')));
    return !isKept && name !== from?.name && name !== to.name;
  });
  const actions: estypes.IndicesUpdateAliasesAction[] = [];
  for (const [name] of unfinished) {
    const aliases = await furtherAliases(client, name, names.index);
    actions.push({ remove_index: { index: name } }, ...additionsTo(to.name, aliases));
  }
  return actions;
}

/** A copy that was broken off is made anew. The block is lifted by the sink, should the index stay (`liftBlock`). */
async function keepCopy(client: Client, from: FoundIndex, kept: string): Promise<void> {
  await removeIndexes(client, [kept]);
  const _meta = { ...from.meta, sluice: { ...from.record, movedTo: kept } };
  if (from.record !== null) await client.indices.putMapping({ index: from.name, _meta });
  await client.indices.addBlock({ index: from.name, block: 'write' });
  const made = await client.indices.clone({
    index: from.name,
    target: kept,
    settings: { 'index.blocks.write': null },
  });
  if (made.shards_acknowledged) return;
  throw new PipelineError(CODES.ELASTICSEARCH_UNAVAILABLE, `${kept}: the copy has no shard that answers`);
}
