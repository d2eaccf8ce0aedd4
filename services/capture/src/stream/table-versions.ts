import type { Sequence } from '@sluice/envelope';
import type { SchemaHistory } from '../catalog/schema-history.ts';
import { routingBy, routingText, type SchemaHistoryRecord } from '../catalog/schema-history-record.ts';
import type { Registration, TableRegistry } from '../catalog/table-registry.ts';
import type { DdlPolicies } from '../ddl/ddl-policies.ts';
import { writeSchema } from '../encode/control-writer.ts';
import type { SchemaChangeContext } from '../encode/schema-change-context.ts';
import type { TablePublication } from '../model/publication.ts';
import type { CapturedTable, TableSchema } from '../model/table.ts';

export interface TableVersionsParts {
  readonly history: SchemaHistory;
  readonly registry: TableRegistry;
  readonly policies: DdlPolicies;
}

/** Announces versions of tables, each before the first row that has it: in the table's topic and in the schema history. */
export class TableVersions {
  readonly #parts: TableVersionsParts;

  constructor(parts: TableVersionsParts) {
    this.#parts = parts;
  }

  /** The version that the schema is, announced when it was not seen before. Throws TABLE_SHAPE_REFUSED. */
  register(schema: TableSchema, announcement: () => SchemaChangeContext): CapturedTable {
    const since = (): Sequence => announcement().point.sequence;
    const registration = this.#parts.registry.register(schema, since);
    if (registration.change !== 'none') this.#announce(registration, announcement());
    return registration.table;
  }

  /**
   * Tells the version that the schema is in every partition, whether it was told before or not.
   * @param allRows whether a snapshot of all rows begins, whose end removes what it has not brought
   */
  tell(schema: TableSchema, announcement: () => SchemaChangeContext, allRows: boolean): void {
    const table = this.register(schema, announcement);
    const { previousChange } = this.#parts.registry.register(schema);
    const { buffer, point } = announcement();
    writeSchema(buffer, table, 'create', point, { previousChange, allRows });
  }

  #announce({ table, change, previousChange }: Registration, { buffer, point }: SchemaChangeContext): void {
    const { policies, history, registry } = this.#parts;
    const routing = routingText(routingBy(registry.routing, table.publication));
    const record = historyRecord(table, routing, point.sequence);
    history.append(buffer, record, point.capturedAt);
    if (change === 'create') writeSchema(buffer, table, change, point);
    else if (change !== 'none')
      writeSchema(buffer, table, change, point, { policy: policies[change], previousChange });
  }
}

function historyRecord(
  { database, table, version, columns, keyColumns, schema, publication }: CapturedTable,
  routing: string | null,
  sequence: Sequence,
): SchemaHistoryRecord {
  const { leftOut = [] } = schema;
  const source = sourceOf(schema, publication);
  return {
    database,
    table,
    version,
    columns: [...columns],
    keyColumns: [...keyColumns],
    ...(source === null ? {} : { source }),
    ...(leftOut.length > 0 ? { leftOut } : {}),
    ...(routing === null ? {} : { routing }),
    sequence,
  };
}

/** The table itself, where not all of it is published as it is. */
function sourceOf(
  { columns, keyColumns }: TableSchema,
  { plan, condition }: TablePublication,
): NonNullable<SchemaHistoryRecord['source']> | null {
  if (plan === null && condition === null) return null;
  const made = { columns: [...columns], keyColumns: [...keyColumns], plan: plan?.text ?? '' };
  return condition === null ? made : { ...made, condition: condition.text };
}
