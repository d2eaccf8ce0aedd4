import type { SchemaColumn } from '@sluice/envelope';
import { ConditionError, type Literal, type Operator } from './condition-parser.ts';

/** How a value, in the JSON of the envelope, stands to a literal: negative, 0, positive. */
export type Comparer = (json: Buffer) => number;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const EXACT_NUMBERS = /^(?:(?:tiny|small|medium|big)?int|decimal|year|bit)\b/u;
const FLOATS = /^(?:float|double)\b/u;
const MOMENTS = /^(?:date|datetime|timestamp)\b/u;
const ADDRESSES = /^(?:uuid|inet4|inet6)\b/u;
const NUMBER = /^(-?)0*(\d*)(?:\.(\d*?)0*)?$/u;
const MOMENT = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))?)?Z?$/u;
const TIME = /^(-?)(\d{1,3}):(\d{2}):(\d{2})(?:\.(\d{1,6}))?$/u;

/** Exact for every type it takes. Throws ConditionError for types and literals that do not go together. */
export function comparerOf(column: SchemaColumn, operator: Operator, literal: Literal): Comparer {
  const { type, charset } = column;
  if (EXACT_NUMBERS.test(type)) {
    const wanted = numberOf(needs(column, literal, 'number'));
    return (json) => compareNumbers(numberOf(unquoted(json)), wanted);
  }
  if (FLOATS.test(type)) {
    const wanted = Number(needs(column, literal, 'number'));
    return (json) => Number(json.toString('latin1')) - wanted;
  }
  if (MOMENTS.test(type)) {
    const wanted = momentOf(needs(column, literal, 'text'), column);
    return (json) => order(momentOf(unquoted(json), column), wanted);
  }
  if (/^time\b/u.test(type)) {
    const wanted = microsOf(needs(column, literal, 'text'), column);
    return (json) => microsOf(unquoted(json), column) - wanted;
  }
  const isAddress = ADDRESSES.test(type);
  if (charset !== null || isAddress || /^(?:enum|set)\b/u.test(type)) {
    if (isAddress && operator !== '=' && operator !== '!=')
      throw new ConditionError(
        `orders column ${column.name}, which is ${type}: only =, != and IN are known for it`,
      );
    const wanted = Buffer.from(needs(column, literal, 'text'));
    return (json) => textOf(json).compare(wanted);
  }
  throw new ConditionError(`compares column ${column.name}, which is ${type}: only IS NULL is known for it`);
}

/** Throws ConditionError as `comparerOf` does. */
export function checkComparison(column: SchemaColumn, operator: Operator, literal: Literal): void {
  comparerOf(column, operator, literal);
}

function needs({ name, type }: SchemaColumn, literal: Literal, wanted: Literal['type']): string {
  if (literal.type === wanted) return literal.text;
  const form = wanted === 'number' ? 'a number without quotes' : "a text in quotes ('…')";
  throw new ConditionError(`compares column ${name}, which is ${type}: give ${form}`);
}

function unquoted(json: Buffer): string {
  return json[0] === QUOTE ? json.toString('latin1', 1, json.length - 1) : json.toString('latin1');
}

/** By the bytes of UTF-8, which is the order of code points; no collation. */
function textOf(json: Buffer): Buffer {
  if (!json.includes(BACKSLASH)) return json.subarray(1, -1);
  return Buffer.from(JSON.parse(json.toString()) as string);
}

interface Decimal {
  readonly isNegative: boolean;
  /** Without zeros in front. */
  readonly whole: string;
  /** Without zeros behind. */
  readonly fraction: string;
}

function numberOf(text: string): Decimal {
  const [, sign = '', whole = '', fraction = ''] = NUMBER.exec(text) ?? [];
  return { isNegative: sign === '-' && whole + fraction !== '', whole, fraction };
}

function compareNumbers(one: Decimal, other: Decimal): number {
  if (one.isNegative !== other.isNegative) return one.isNegative ? -1 : 1;
  const sign = one.isNegative ? -1 : 1;
  return (
    sign *
    (one.whole.length - other.whole.length ||
      order(one.whole, other.whole) ||
      order(one.fraction, other.fraction))
  );
}

/** With all digits of a fraction, so that texts compare as moments do. */
function momentOf(text: string, { name, type }: SchemaColumn): string {
  const found = MOMENT.exec(text);
  if (found === null)
    throw new ConditionError(
      `compares column ${name}, which is ${type}, with something else than 'YYYY-MM-DD hh:mm:ss'`,
    );
  const [, date = '', time = '00:00:00', fraction = ''] = found;
  return `${date}T${time}.${fraction.padEnd(6, '0')}`;
}

function microsOf(text: string, { name, type }: SchemaColumn): number {
  const found = TIME.exec(text);
  if (found === null)
    throw new ConditionError(
      `compares column ${name}, which is ${type}, with something else than 'hh:mm:ss'`,
    );
  const [, sign, hours, minutes, seconds, fraction = ''] = found;
  const whole = (Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds);
  return (sign === '-' ? -1 : 1) * (whole * 1_000_000 + Number(fraction.padEnd(6, '0')));
}

function order(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
