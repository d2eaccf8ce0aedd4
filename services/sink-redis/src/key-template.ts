/** `user:{id}:line:{number}` in parts: there is one text more than there are columns, and they take turns. */
export interface KeyTemplate {
  readonly texts: readonly string[];
  readonly columns: readonly string[];
}

/** Stands for the value of a column; no template has it. */
const VALUE = '\0';

/**
 * What a value puts into a key never has a `:` or a dot in it (`row-keys.ts`), so that a colon between two columns keeps the keys of two rows
 * apart, the number of colons those of two templates, and the dot those of tables without one. Throws RangeError, whose message continues the name of the setting.
 */
export function parseKeyTemplate(text: string): KeyTemplate {
  const parts = text.split(/\{([^{}]*)\}/);
  const texts = parts.filter((_, index) => index % 2 === 0);
  const columns = parts.filter((_, index) => index % 2 === 1);
  if (texts.some((each) => /[{}\0]/.test(each))) throw new RangeError('has a brace that no other closes');
  if (columns.length === 0 || columns.includes(''))
    throw new RangeError('must name the columns of the key in braces, as in user:{id}');
  const twice = columns.find((column, index) => columns.indexOf(column) !== index);
  if (twice !== undefined) throw new RangeError(`names {${twice}} twice`);
  if (texts.some((each) => /[.\s]/.test(each)))
    throw new RangeError('must have no dot, which keys without a template have, and no blank');
  if (!/^[^:%]+:/.test(texts[0] ?? ''))
    throw new RangeError('must begin with a word and a colon, as in user:{id}');
  const joined = texts.slice(1, -1).findIndex((each) => !each.includes(':'));
  if (joined !== -1)
    throw new RangeError(
      `must have a colon between {${columns[joined]}} and {${columns[joined + 1]}}: without one, the keys of two rows could be the same`,
    );
  return { texts, columns };
}

/** Whether a row of the one and a row of the other could have one key. */
export function templatesMeet(one: KeyTemplate, other: KeyTemplate): boolean {
  const [ones, others] = [segmentsOf(one), segmentsOf(other)];
  return (
    ones.length === others.length &&
    ones.every((segment, index) => segmentsMeet(segment, others[index] ?? ''))
  );
}

/** Between its colons; each has the value of one column at most. */
function segmentsOf({ texts }: KeyTemplate): readonly string[] {
  return texts.join(VALUE).split(':');
}

function segmentsMeet(one: string, other: string): boolean {
  const [before = '', after] = one.split(VALUE);
  const [otherBefore = '', otherAfter] = other.split(VALUE);
  if (after === undefined && otherAfter === undefined) return one === other;
  if (after === undefined) return segmentsMeet(other, one);
  if (otherAfter === undefined)
    return other.length >= before.length + after.length && other.startsWith(before) && other.endsWith(after);
  const beginAlike = before.startsWith(otherBefore) || otherBefore.startsWith(before);
  return beginAlike && (after.endsWith(otherAfter) || otherAfter.endsWith(after));
}
