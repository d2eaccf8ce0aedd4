import { ByteWriter } from '@sluice/binlog';
import type { SchemaColumn } from '@sluice/envelope';
import type { ValueImage, RowCondition } from '../model/publication.ts';
import { comparerOf, type Comparer } from './condition-values.ts';
import {
  ConditionError,
  parseCondition,
  type Condition,
  type Literal,
  type Operator,
} from './condition-parser.ts';

/** 1 true, 0 false, −1 neither: the three values of SQL. */
type Test = (image: ValueImage) => -1 | 0 | 1;

const HOLDS: Readonly<Record<Operator, (order: number) => boolean>> = {
  '=': (order) => order === 0,
  '!=': (order) => order !== 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
};

/** Throws ConditionError when the text is no condition, or none on these columns. */
export function compileCondition(text: string, columns: readonly SchemaColumn[]): RowCondition {
  const places = new Set<number>();
  const compiler = new Compiler(columns, places);
  const test = compiler.compile(parseCondition(text));
  return { text, places, holds: (image) => test(image) === 1 };
}

class Compiler {
  readonly #columns: readonly SchemaColumn[];
  readonly #places: Set<number>;
  readonly #scratch = new ByteWriter(256);

  constructor(columns: readonly SchemaColumn[], places: Set<number>) {
    this.#columns = columns;
    this.#places = places;
  }

  compile(condition: Condition): Test {
    switch (condition.kind) {
      case 'and':
        return allOf(condition.parts.map((part) => this.compile(part)));
      case 'or':
        return negated(allOf(condition.parts.map((part) => negated(this.compile(part)))));
      case 'not':
        return negated(this.compile(condition.part));
      case 'null': {
        const place = this.#placeOf(condition.column);
        return (image) => (image.isNull(place) ? 1 : 0);
      }
      case 'compare':
        return this.#comparison(condition.column, condition.operator, [condition.value]);
      case 'in':
        return this.#comparison(condition.column, '=', condition.values);
    }
  }

  /** True when it holds for one of the values. */
  #comparison(name: string, operator: Operator, values: readonly Literal[]): Test {
    const place = this.#placeOf(name);
    const column = this.#columns[place] as SchemaColumn;
    const comparers = values.map((value): Comparer => comparerOf(column, operator, value));
    const holds = HOLDS[operator];
    const scratch = this.#scratch;
    return (image) => {
      if (image.isNull(place)) return -1;
      scratch.position = 0;
      image.write(place, scratch);
      const json = scratch.bytes.subarray(0, scratch.position);
      return comparers.some((compare) => holds(compare(json))) ? 1 : 0;
    };
  }

  #placeOf(name: string): number {
    const wanted = name.toLowerCase();
    const place = this.#columns.findIndex((column) => column.name.toLowerCase() === wanted);
    if (place === -1) throw new ConditionError(`names column ${name}, which the table does not have`);
    this.#places.add(place);
    return place;
  }
}

function allOf(tests: readonly Test[]): Test {
  return (image) => {
    let result: -1 | 0 | 1 = 1;
    for (const test of tests) {
      const one = test(image);
      if (one === 0) return 0;
      if (one === -1) result = -1;
    }
    return result;
  };
}

function negated(test: Test): Test {
  return (image) => {
    const one = test(image);
    if (one === -1) return -1;
    return one === 1 ? 0 : 1;
  };
}
