import { parseTableId, tablePattern, TopicRouting, type TableName } from '@sluice/envelope';
import { PipelineError, type SluiceConfig } from '@sluice/runtime';
import { selectionOf } from './table-selection.ts';

/** A part of a store that rows of some tables, or what is kept of them, go to. */
export interface StoreSpot {
  /** Of one server always the same text. */
  readonly server: string;
  /** Name of the table, index or keys; `*` and `?` stand for what the pattern of the table leaves open. */
  readonly name: string;
  /** The setting that would make it another. */
  readonly setting: string;
}

/**
 * What `src/config.ts` of a sink exports as `storeSpots`: where rows of a table, or of all that a pattern fits, go to. Pure.
 * @param sharesTopics whether tables may have a topic in common
 */
export type StoreSpots<C> = (
  settings: C,
  table: TableName,
  topics: { readonly sharesTopics: boolean },
) => readonly StoreSpot[];

/** A sink with its settings, and how its type says where rows go. */
export interface SpottedSink<C> {
  readonly name: string;
  readonly settings: C;
}

interface Spot extends StoreSpot {
  readonly table: string;
}

/**
 * Of each two sinks of one type that could write into one place, what is wrong: both names and the setting that parts them. What two
 * sinks keep of a table is each one's own: offsets, floors, deletes; in one place each would take the other's rows for its own.
 */
export function sharedSpots<C>(
  config: SluiceConfig,
  sinks: readonly SpottedSink<C>[],
  spotsOf: StoreSpots<C>,
): readonly string[] {
  const sharesTopics = !new TopicRouting(config.topics).tellsTable;
  const all = sinks.map(({ name, settings }) => {
    const { patterns, excluded } = selectionOf(config, name);
    const spots = patterns.flatMap((table) =>
      spotsOf(settings, parseTableId(table), { sharesTopics }).map((spot) => ({ ...spot, table })),
    );
    return { name, spots, excluded };
  });
  return all.flatMap((one, index) =>
    all.slice(index + 1).flatMap((other) => {
      const excluded = [...one.excluded, ...other.excluded];
      const met = firstMeeting(one.spots, other.spots, excluded);
      if (met === null) return [];
      const { server, name, setting } = met;
      return `sinks.${other.name}.${setting}: found ${name} on ${server}, a place that sinks.${one.name} has too; give one of the two another ${setting} or server, or tables that the other does not take`;
    }),
  );
}

/** Throws CONFIG_INVALID for a sink that would share a place with another of the file. Of what others' settings do not tell here, their stores do. */
export function refuseSharedSpots<C>(
  config: SluiceConfig,
  sinks: readonly SpottedSink<C>[],
  own: string,
  spotsOf: StoreSpots<C> | undefined,
): void {
  if (spotsOf === undefined) return;
  const one = sinks.filter(({ name }) => name === own);
  const problems = sinks
    .filter(({ name }) => name !== own)
    .flatMap((other) => sharedSpots(config, [other, ...one], spotsOf));
  if (problems.length > 0) throw new PipelineError('CONFIG_INVALID', problems.join('\n'));
}

function firstMeeting(
  ones: readonly Spot[],
  others: readonly Spot[],
  excluded: readonly string[],
): Spot | null {
  const isLeftOut = (table: string): boolean => excluded.some((pattern) => covers(pattern, table));
  const all = others.filter(({ table }) => !isLeftOut(table));
  const parts = (one: Spot, other: Spot): boolean =>
    one.server === other.server && one.setting === other.setting && globsMeet(one.name, other.name);
  for (const one of ones) {
    if (isLeftOut(one.table)) continue;
    const other = all.find((each) => parts(one, each));
    if (other !== undefined) return other;
  }
  return null;
}

/** Whether everything that `inner` fits is fitted by `outer`; false where that is not plain. */
function covers(outer: string, inner: string): boolean {
  if (outer === inner) return true;
  if (outer.includes('?') && /[*?]/.test(inner)) return false;
  const { database, table } = parseTableId(inner);
  return tablePattern(outer)(database, table);
}

/** Whether there is a text that both fit. In as many steps as both lengths multiplied. */
export function globsMeet(one: string, other: string): boolean {
  const [a, b] = [Array.from(one), Array.from(other)];
  // meets[j]: whether what is left of `a` and b[j…] meet.
  let meets = suffixes(b);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    const next = new Array<boolean>(b.length + 1).fill(false);
    next[b.length] = a[i] === '*' && meets[b.length] === true;
    for (let j = b.length - 1; j >= 0; j -= 1) {
      const [left, right] = [a[i], b[j]];
      if (left === '*' || right === '*') next[j] = meets[j] === true || next[j + 1] === true;
      else next[j] = (left === '?' || right === '?' || left === right) && meets[j + 1] === true;
    }
    meets = next;
  }
  return meets[0] === true;
}

/** For each place of a pattern, whether the rest of it fits nothing at all. */
function suffixes(pattern: readonly string[]): boolean[] {
  const fits = new Array<boolean>(pattern.length + 1).fill(true);
  for (let at = pattern.length - 1; at >= 0; at -= 1) fits[at] = pattern[at] === '*' && fits[at + 1] === true;
  return fits;
}
