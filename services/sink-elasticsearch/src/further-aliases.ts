import type { Client, estypes } from '@elastic/elasticsearch';
import { PipelineError } from '@sluice/runtime';
import { liveAlias } from './elasticsearch-mapper.ts';
import { CODES } from './errors.ts';

type Alias = readonly [name: string, definition: estypes.IndicesAliasDefinition];

/** Aliases of an index beside those that the table `index` has of Sluice itself: its readers' own, with their filters and routing. */
export async function furtherAliases(
  client: Client,
  name: string,
  index: string,
  signal?: AbortSignal,
): Promise<readonly Alias[]> {
  const answer = await client.indices.getAlias({ index: name }, signal === undefined ? {} : { signal });
  const own = [index, liveAlias(index)];
  return Object.entries(answer[name]?.aliases ?? {}).filter(([alias]) => !own.includes(alias));
}

/** The actions that give these aliases to another index as they are. */
export function additionsTo(name: string, aliases: readonly Alias[]): estypes.IndicesUpdateAliasesAction[] {
  return aliases.map(([alias, as]) => ({ add: { index: name, alias, ...as } }));
}

/** The error of a table whose readers would lose their aliases. */
export function forbiddenAliases(name: string, aliases: readonly Alias[]): PipelineError {
  const names = aliases.map(([alias]) => alias).join(', ');
  return new PipelineError(
    CODES.ELASTICSEARCH_INDEX_REFUSED,
    `a new index takes the place of ${name}, and the account may not give it the aliases of that one (${names}): let it manage them, or take them from the index`,
  );
}
