import type { ByteWriter } from '@sluice/binlog';
import type { ColumnPlan, ValueImage } from '../model/publication.ts';
import { stepWriter, type StepWriter } from '../transform/value-steps.ts';
import type { CapturedTable } from '../model/table.ts';
import { appendAll } from '../model/json-bytes.ts';
import { closeObject, memberPrefixes, TableEncoder } from './table-encoder.ts';

/** The encoder of a table whose columns are not all published as they are: one step per published column. */
class ShapedEncoder extends TableEncoder {
  readonly #prefixes: readonly Buffer[];
  readonly #places: readonly number[];
  readonly #steps: readonly StepWriter[];

  constructor(table: CapturedTable, plan: ColumnPlan, serverName: string) {
    super(table, serverName);
    this.#prefixes = memberPrefixes(plan.columns.map(({ column }) => column.name));
    this.#places = plan.columns.map(({ place }) => place);
    this.#steps = plan.columns.map(({ step }) => stepWriter(step, table.publication.hashKey));
  }

  override writeRow(image: ValueImage, out: ByteWriter): void {
    const prefixes = this.#prefixes;
    for (let i = 0; i < prefixes.length; i++) {
      appendAll(out, prefixes[i] as Buffer);
      (this.#steps[i] as StepWriter)(image, this.#places[i] as number, out);
    }
    closeObject(out);
  }
}

/** The encoder for a table: of one without a plan, the one that knows nothing of plans. */
export function encoderFor(table: CapturedTable, serverName: string): TableEncoder {
  const { plan } = table.publication;
  return plan === null ? new TableEncoder(table, serverName) : new ShapedEncoder(table, plan, serverName);
}
