import { z } from 'zod';
import { ChangingSecret, isMarkedSecret, takesSecret } from './secret-text.ts';
import { childOf, unwrap } from './shape.ts';

/** For zod: a configuration is read once, and to compile a schema first takes longer than to walk it. */
export const READ_ONCE = { jitless: true } as const;

/**
 * Text becomes what the schema wants where it means it exactly: variables and `${…}` are always text, a port is
 * not. Also an empty section (`topics:`) is a section, and `a, b` is a list where a list of texts is wanted.
 * Anything doubtful is left for the schema to refuse. The mark of a secret stays where the schema takes one, and where the schema is not known
 * here; elsewhere it becomes what the file holds. Throws CONFIG_INVALID for a command there.
 */
export function coerce(value: unknown, schema: z.core.$ZodType): unknown {
  const node = unwrap(schema);
  if (value === null && (node instanceof z.ZodObject || node instanceof z.ZodRecord)) return {};
  if (typeof value === 'string' && isMarkedSecret(value))
    return takesSecret(schema) || node instanceof z.ZodUnknown ? value : new ChangingSecret(value).readOnce();
  if (typeof value === 'string') return coerceText(value, node);
  if (Array.isArray(value)) {
    return node instanceof z.ZodArray ? value.map((item) => coerce(item, node.element)) : value;
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => {
      const child = childOf(node, name);
      return [name, child === undefined ? inner : coerce(inner, child)];
    }),
  );
}

function coerceText(text: string, node: z.core.$ZodType): unknown {
  if (node instanceof z.ZodNumber && /^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (node instanceof z.ZodBoolean && (text === 'true' || text === 'false')) return text === 'true';
  if (node instanceof z.ZodArray) {
    return text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '');
  }
  return text;
}
