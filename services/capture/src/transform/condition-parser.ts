/** A row condition as it was written: columns by name, values as literals. */
export type Condition =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Condition[] }
  | { readonly kind: 'not'; readonly part: Condition }
  | { readonly kind: 'null'; readonly column: string }
  | {
      readonly kind: 'compare';
      readonly column: string;
      readonly operator: Operator;
      readonly value: Literal;
    }
  | { readonly kind: 'in'; readonly column: string; readonly values: readonly Literal[] };

export type Operator = '=' | '!=' | '<' | '<=' | '>' | '>=';
export interface Literal {
  readonly type: 'number' | 'text';
  readonly text: string;
}

/** The condition cannot be read or applied; the message is for the person who wrote it. */
export class ConditionError extends Error {}

type Token =
  | { readonly type: 'word' | 'name' | 'number' | 'text' | 'sign'; readonly text: string }
  | { readonly type: 'end'; readonly text: '' };

const TOKEN =
  /\s*(?:(?<number>-?\d+(?:\.\d+)?)|'(?<text>(?:[^']|'')*)'|`(?<name>(?:[^`]|``)+)`|(?<word>[\p{L}_$][\p{L}\p{N}_$]*)|(?<sign><=|>=|<>|!=|[=<>(),]))/uy;
const OPERATORS: Readonly<Record<string, Operator>> = {
  '=': '=',
  '!=': '!=',
  '<>': '!=',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};
const DEPTH_MAX = 50;

/**
 * Reads `column = literal`, `!=`, `<>`, `<`, `<=`, `>`, `>=`, `[NOT] BETWEEN … AND …`, `[NOT] IN (…)`, `IS [NOT] NULL`, `AND`, `OR`, `NOT` and
 * parentheses. Throws ConditionError.
 */
export function parseCondition(text: string): Condition {
  return new Parser(tokens(text)).whole();
}

function tokens(text: string): readonly Token[] {
  const found: Token[] = [];
  TOKEN.lastIndex = 0;
  let at = 0;
  while (text.slice(at).trim() !== '') {
    TOKEN.lastIndex = at;
    const { number, text: quoted, name, word, sign } = TOKEN.exec(text)?.groups ?? {};
    if (number !== undefined) found.push({ type: 'number', text: number });
    else if (quoted !== undefined) found.push({ type: 'text', text: quoted.replaceAll("''", "'") });
    else if (name !== undefined) found.push({ type: 'name', text: name.replaceAll('``', '`') });
    else if (word !== undefined) found.push({ type: 'word', text: word });
    else if (sign !== undefined) found.push({ type: 'sign', text: sign });
    else throw new ConditionError(`cannot be read from \`${text.slice(at).trim().slice(0, 20)}\` on`);
    at = TOKEN.lastIndex;
  }
  return found;
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(read: readonly Token[]) {
    this.#tokens = read;
  }

  whole(): Condition {
    const condition = this.#either();
    const rest = this.#peek();
    if (rest.type !== 'end') throw new ConditionError(`does not end before \`${rest.text}\``);
    return condition;
  }

  #either(): Condition {
    if (this.#depth++ > DEPTH_MAX) throw new ConditionError('has too many parentheses');
    const parts = [this.#both()];
    while (this.#takes('OR')) parts.push(this.#both());
    this.#depth--;
    return parts.length === 1 ? (parts[0] as Condition) : { kind: 'or', parts };
  }

  #both(): Condition {
    const parts = [this.#negated()];
    while (this.#takes('AND')) parts.push(this.#negated());
    return parts.length === 1 ? (parts[0] as Condition) : { kind: 'and', parts };
  }

  #negated(): Condition {
    let isNegated = false;
    while (this.#takes('NOT')) isNegated = !isNegated;
    const part = this.#single();
    return isNegated ? { kind: 'not', part } : part;
  }

  #single(): Condition {
    if (!this.#takes('(')) return this.#predicate(this.#column());
    const inner = this.#either();
    this.#expect(')');
    return inner;
  }

  #column(): string {
    const { type, text } = this.#next();
    if (type === 'name' || (type === 'word' && !/^(?:AND|OR|NOT|IN|IS|NULL|TRUE|FALSE)$/i.test(text)))
      return text;
    throw new ConditionError(`needs the name of a column, not ${text === '' ? 'its end' : `\`${text}\``}`);
  }

  #predicate(column: string): Condition {
    if (this.#takes('IS')) {
      const isNegated = this.#takes('NOT');
      this.#expect('NULL');
      return isNegated ? { kind: 'not', part: { kind: 'null', column } } : { kind: 'null', column };
    }
    const isNegated = this.#takes('NOT');
    if (this.#takes('BETWEEN')) {
      const part = this.#between(column);
      return isNegated ? { kind: 'not', part } : part;
    }
    if (this.#takes('IN')) {
      const part: Condition = { kind: 'in', column, values: this.#list() };
      return isNegated ? { kind: 'not', part } : part;
    }
    const { text } = this.#next();
    const operator = OPERATORS[text];
    if (operator === undefined || isNegated)
      throw new ConditionError(
        `needs =, !=, <, <=, >, >=, BETWEEN, IN or IS behind column ${column}, not ${text === '' ? 'its end' : `\`${text}\``}`,
      );
    return { kind: 'compare', column, operator, value: this.#literal() };
  }

  #between(column: string): Condition {
    const from = this.#literal();
    this.#expect('AND');
    const to = this.#literal();
    return {
      kind: 'and',
      parts: [
        { kind: 'compare', column, operator: '>=', value: from },
        { kind: 'compare', column, operator: '<=', value: to },
      ],
    };
  }

  #list(): readonly Literal[] {
    this.#expect('(');
    const values = [this.#literal()];
    while (this.#takes(',')) values.push(this.#literal());
    this.#expect(')');
    return values;
  }

  #literal(): Literal {
    const { type, text } = this.#next();
    if (type === 'number' || type === 'text') return { type, text };
    if (type === 'word' && /^TRUE$/i.test(text)) return { type: 'number', text: '1' };
    if (type === 'word' && /^FALSE$/i.test(text)) return { type: 'number', text: '0' };
    if (type === 'word' && /^NULL$/i.test(text))
      throw new ConditionError('compares with NULL, which nothing is equal to: write IS NULL');
    throw new ConditionError(`needs a number or a 'text', not ${text === '' ? 'its end' : `\`${text}\``}`);
  }

  #peek(): Token {
    return this.#tokens[this.#at] ?? { type: 'end', text: '' };
  }

  #next(): Token {
    const token = this.#peek();
    this.#at++;
    return token;
  }

  #takes(word: string): boolean {
    const { type, text } = this.#peek();
    const isIt = (type === 'word' || type === 'sign') && text.toUpperCase() === word;
    if (isIt) this.#at++;
    return isIt;
  }

  #expect(word: string): void {
    if (this.#takes(word)) return;
    const { text } = this.#peek();
    throw new ConditionError(`needs ${word} where ${text === '' ? 'it ends' : `\`${text}\` stands`}`);
  }
}
