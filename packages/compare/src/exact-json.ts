/** A number as it was written: JSON.parse alone would round what a double cannot hold. */
export class NumberText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type ExactJson =
  null | boolean | string | NumberText | readonly ExactJson[] | { readonly [member: string]: ExactJson };

/** Parses JSON and keeps the text of every number. Throws SyntaxError. */
export function parseExactJson(text: string): ExactJson {
  return JSON.parse(text, keepNumberText) as ExactJson;
}

function keepNumberText(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === 'number' ? new NumberText(context?.source ?? String(value)) : value;
}

export function isExactObject(
  value: ExactJson | undefined,
): value is { readonly [member: string]: ExactJson } {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof NumberText)
  );
}

/**
 * One text for all the ways to write a value: members sorted, numbers in one notation (`1.50` and `15e-1` are
 * equal, `"1.50"` and `"1.5"` are not).
 */
export function canonicalJson(value: ExactJson): string {
  if (value instanceof NumberText) return canonicalNumber(value.text);
  if (Array.isArray(value)) return `[${value.map((item: ExactJson) => canonicalJson(item)).join(',')}]`;
  if (!isExactObject(value)) return JSON.stringify(value);
  const members = Object.entries(value).map(
    ([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`,
  );
  return `{${members.sort().join(',')}}`;
}

const NUMBER = /^(-?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;
const MOST_ZEROS = 30;

/** Exact decimal arithmetic on the text. Whole numbers of usual size keep their usual form. */
export function canonicalNumber(text: string): string {
  const match = NUMBER.exec(text);
  if (match === null) throw new SyntaxError('not a number');
  const [, sign = '', whole = '', fraction = '', power = '0'] = match;
  const significant = (whole + fraction).replace(/^0+/, '');
  const digits = significant.replace(/0+$/, '');
  if (digits === '') return '0';
  const exponent = Number(power) - fraction.length + significant.length - digits.length;
  if (exponent === 0) return sign + digits;
  if (exponent > 0 && exponent <= MOST_ZEROS) return sign + digits + '0'.repeat(exponent);
  return `${sign}${digits}e${exponent}`;
}

/** A double's value; what it was written as does not matter. */
export function canonicalDouble(text: string): string {
  return canonicalNumber(String(Number(text)));
}
