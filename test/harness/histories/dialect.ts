import type { SeededRandom } from '@sluice/seeded-random';
import type { Ingredient } from './ingredients.ts';

/** How a session writes its statements. */
export interface Dialect {
  readonly flavour: 'mysql' | 'mariadb';
  readonly random: SeededRandom;
  readonly ingredients: ReadonlySet<Ingredient>;
  /** sql_mode ANSI_QUOTES: names may stand in double quotes. */
  readonly ansiQuotes: boolean;
  /** sql_mode NO_BACKSLASH_ESCAPES: a backslash in a text is itself. */
  readonly plainBackslash: boolean;
  /** Character set of the client: what its statements are written in. */
  readonly client: string;
  /** Tables behind a temporary one of their name, which the session keeps for later. */
  readonly hidden: Set<string>;
}

export function quoteName({ ansiQuotes, random }: Dialect, name: string): string {
  if (ansiQuotes && random.chance(0.5)) return `"${name.replaceAll('"', '""')}"`;
  return `\`${name.replaceAll('`', '``')}\``;
}

export function quoteText({ plainBackslash }: Dialect, text: string): string {
  const escaped = plainBackslash ? text : text.replaceAll('\\', '\\\\');
  return `'${escaped.replaceAll("'", "''")}'`;
}

/** With this chance an element of the list, else the first. */
export function pickOr<T>(random: SeededRandom, chance: number, of: readonly T[]): T {
  return random.chance(chance) ? random.pick(of) : random.pick(of.slice(0, 1));
}
