/**
 * Tables that online schema changes make beside the table that they change, by the names that the tools give them:
 * gh-ost `_orders_gho` (the copy), `_orders_ghc` (its log), `_orders_del` or `_orders_20261121090534_del` (the old table);
 * pt-online-schema-change `_orders_new` and `_orders_old`, with up to ten underscores where a name is taken.
 */
const FORMS: readonly RegExp[] = [
  /^_(.+)_(?:gho|ghc|del)$/su,
  /^_(.+)_\d{14}_del$/su,
  /^_{1,10}(?<!_{11})(.+)_(?:new|old)$/su,
];
/** The servers' limit; gh-ost cuts the table's name where its own would be longer. */
const NAME_LENGTH_MAX = 64;

/** Names of tables that this one may be the shadow of, by its name alone; the likeliest first. */
export function shadowedNames(table: string): readonly string[] {
  const names = FORMS.flatMap((form) => form.exec(table)?.[1] ?? []);
  // `__orders_new` is of `orders`, or of `_orders`: the tool has put one underscore in front, or more.
  const others = names.map((name) => name.replace(/^_+/u, ''));
  return [...new Set([...names, ...others])].filter((name) => name !== '');
}

export function isShadowOf(shadow: string, table: string): boolean {
  const names = shadowedNames(shadow);
  return names.includes(table) || (isCut(shadow) && names.some((name) => table.startsWith(name)));
}

function isCut(shadow: string): boolean {
  return shadow.length >= NAME_LENGTH_MAX;
}
