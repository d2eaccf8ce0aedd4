import { Client } from '@elastic/elasticsearch';
import { ownNameOf, parseSection } from '@sluice/runtime';
import {
  fillingSink,
  type OpenRebuild,
  type RebuiltTables,
  type StoreRebuild,
} from '@sluice/sink-kit/rebuild';
import { clientOptions, elasticsearchSchema } from './config.ts';
import { requestError } from './elasticsearch-errors.ts';
import { liveAlias } from './elasticsearch-mapper.ts';
import { elasticsearchSink } from './elasticsearch-sink.ts';
import { findIndex } from './index-record.ts';
import { liftBlock } from './index-move.ts';
import { indexNames, isSwapped, keepCopies, keptIndexes, swapIndexes } from './index-swap.ts';
import { missingPrivileges } from './preflight.ts';
import { RebuildRecords, removeIndexes } from './rebuild-records.ts';
import { Floors, stateIndex } from './truncation.ts';

/** Beside each index a new one, which takes over its name and its aliases. */
export const openRebuild: OpenRebuild = ({ config: file, name: sink }) => {
  const config = parseSection(file, ['sinks', sink], elasticsearchSchema);
  const client = new Client(clientOptions(config, `sinks.${sink}`));
  const records = new RebuildRecords(client, config.indexPrefix, `sinks.${sink}`);
  const filledPrefix = ({ id }: RebuiltTables): string => `${config.indexPrefix}rebuild-${id}-`;
  const namesOf = (tables: RebuiltTables) => indexNames(config.indexPrefix, filledPrefix(tables), tables);
  const rebuild: StoreRebuild = {
    load: () => records.load(),
    save: (record, before) => records.save(record, before),
    settings: (tables) => ({ indexPrefix: filledPrefix(tables) }),
    refusal: async () => {
      const place = { indexPrefix: `${config.indexPrefix}rebuild-` };
      const about = { section: `sinks.${sink}`, sourceTables: ['*.*'] };
      const [problem] = await missingPrivileges(
        client,
        { ...config, ...place },
        about,
        new AbortController().signal,
      );
      if (problem === undefined) return null;
      return `${problem.found}: add ${place.indexPrefix}* to the indexes of the role that the sink has`;
    },
    fill: (context, name) => fillingSink(elasticsearchSink, context, name, ownNameOf(file, sink)),
    complete: () => Promise.resolve([]),
    isSwapped: async (tables) => {
      for (const names of namesOf(tables)) if (!(await isSwapped(client, names))) return false;
      return true;
    },
    swap: async (record) => {
      const all = namesOf(record);
      try {
        if (record.keepMs > 0) await keepCopies(client, all);
      } catch (error) {
        for (const { index } of all) await liftBlock(client, index);
        return requestError(error, 'copy of what is to be kept').message;
      }
      const floors = new Floors(client, config.indexPrefix);
      const filledFloors = new Floors(client, filledPrefix(record));
      for (const { index, filled } of all) {
        const floor = await filledFloors.of(filled);
        if (floor !== '') await floors.raise(index, floor);
      }
      await swapIndexes(client, all);
      return null;
    },
    discard: async (tables) => {
      for (const names of namesOf(tables)) {
        const filled = await findIndex(client, names.filled);
        const isUsed = await isSwapped(client, names);
        if (filled !== null && isUsed) await removeAliases(client, filled.name, names.filled);
        if (isUsed) continue;
        // Of a swap that was not done: the copy too.
        if (filled !== null) await removeIndexes(client, [filled.name]);
        await removeIndexes(client, await keptIndexes(client, [names]));
        await liftBlock(client, names.index);
      }
      await removeIndexes(client, [stateIndex(filledPrefix(tables))]);
    },
    removeKept: async (tables) => {
      await removeIndexes(client, await keptIndexes(client, namesOf(tables)));
    },
    close: () => client.close(),
  };
  return Promise.resolve(rebuild);
};

/** The names that the index was filled by. */
async function removeAliases(client: Client, index: string, filled: string): Promise<void> {
  const found = await findIndex(client, index);
  const present = [filled, liveAlias(filled)].filter((alias) => found?.aliases.includes(alias));
  const actions = present.map((alias) => ({ remove: { index, alias } }));
  if (actions.length > 0) await client.indices.updateAliases({ actions });
}
