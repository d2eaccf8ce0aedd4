import { z } from 'zod';

/** What a schema says about its own settings: names, kinds and descriptions, read from zod's public `def`. */

export type PathPart = string | number;

type Node = z.core.$ZodType;

/** Through `optional`, `default`, `prefault`, `readonly`, `nullable` to the schema that names the kind; of a choice with one section to that. */
export function unwrap(schema: Node): Node {
  let node = schema;
  for (;;) {
    if (
      node instanceof z.ZodOptional ||
      node instanceof z.ZodDefault ||
      node instanceof z.ZodPrefault ||
      node instanceof z.ZodNullable ||
      node instanceof z.ZodReadonly
    ) {
      node = node.unwrap();
    } else if (node instanceof z.ZodPipe) {
      node = node.in;
    } else if (node instanceof z.ZodUnion) {
      const [section, ...more] = node.options.filter((option) => option instanceof z.ZodObject);
      if (section === undefined || more.length > 0) return node;
      node = section;
    } else {
      return node;
    }
  }
}

/** The schema of one setting, or undefined where the schema has none of that name. */
export function childOf(schema: Node, part: PathPart): Node | undefined {
  const node = unwrap(schema);
  if (node instanceof z.ZodObject) return (node.shape as Record<string, Node>)[String(part)];
  if (node instanceof z.ZodRecord) return node.valueType;
  if (node instanceof z.ZodArray) return node.element;
  // Of a choice of sections, the first that has it.
  if (node instanceof z.ZodUnion)
    return node.options.map((option) => childOf(option, part)).find((child) => child !== undefined);
  return undefined;
}

export function schemaAt(schema: Node, path: readonly PathPart[]): Node | undefined {
  return path.reduce<Node | undefined>(
    (node, part) => (node === undefined ? undefined : childOf(node, part)),
    schema,
  );
}

/** Names of the settings of the section at `path`; none where any name is allowed. */
export function settingNames(schema: Node, path: readonly PathPart[]): string[] {
  const found = schemaAt(schema, path);
  const node = found === undefined ? undefined : unwrap(found);
  return node instanceof z.ZodObject ? Object.keys(node.shape) : [];
}

/** The setting's description, of its nearest wrapper that has one; `''` where there is none. */
export function describeSetting(schema: Node, path: readonly PathPart[]): string {
  const node = schemaAt(schema, path);
  const description = node === undefined ? undefined : metaOf(node)['description'];
  return typeof description === 'string' ? description : '';
}

/** The metadata of a schema: its own over that of what it wraps. */
export function metaOf(schema: Node): Readonly<Record<string, unknown>> {
  const inner = schema instanceof z.ZodPipe ? schema.in : hasInner(schema) ? schema.unwrap() : undefined;
  return { ...(inner === undefined ? {} : metaOf(inner)), ...z.globalRegistry.get(schema) };
}

function hasInner(
  schema: Node,
): schema is z.ZodOptional | z.ZodDefault | z.ZodPrefault | z.ZodNullable | z.ZodReadonly {
  return (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodReadonly
  );
}

/** The known name that a typing error most likely meant: at most a third of its letters wrong. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((left, right) => left.distance - right.distance);
  const best = ranked[0];
  if (best === undefined || best.distance > Math.max(1, Math.floor(name.length / 3))) return undefined;
  return best.candidate;
}

/** Letters to change, add, drop or swap with their neighbour (optimal string alignment), three rows at a time. */
function editDistance(left: string, right: string): number {
  let twoAbove: number[] = [];
  let above = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const replace = (above[column - 1] ?? 0) + (left[row - 1] === right[column - 1] ? 0 : 1);
      const swapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      const swap = swapped ? (twoAbove[column - 2] ?? 0) + 1 : Infinity;
      current.push(Math.min(replace, swap, (above[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    [twoAbove, above] = [above, current];
  }
  return above[right.length] ?? 0;
}
