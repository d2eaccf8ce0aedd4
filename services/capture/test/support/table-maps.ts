import type { Column, TableMap } from '@sluice/binlog';

export function column(name: string, sqlType = 'int', change: Partial<Column> = {}): Column {
  return {
    name,
    type: 3,
    meta: 0,
    nullable: false,
    unsigned: false,
    collation: 0,
    members: null,
    visible: true,
    sqlType,
    charset: null,
    ...change,
  };
}

/** A table `id, v` with primary key `id`, unless told otherwise. */
export function tableMap(change: Partial<TableMap> = {}): TableMap {
  return {
    tableId: 1,
    database: 'shop',
    table: 'orders',
    columns: [column('id'), column('v')],
    primaryKey: [0],
    fullMetadata: true,
    signature: Buffer.alloc(0),
    ...change,
  };
}
