import { startStack, type MysqlServer, type Stack } from '@sluice/local-stack';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  BinlogDecoder,
  ByteWriter,
  columnFromInformationSchema,
  describedColumns,
  selectExpression,
  selectValueWriter,
  type Column,
  type InformationSchemaColumn,
  type ColumnFacts,
  type TableMap,
} from '../src/index.ts';
import { dumpBinlog } from './support/dump.ts';
import { Recorder } from './support/recorder.ts';
import { Session } from './support/session.ts';
import { isFor, TYPE_FAMILIES, type TypeCase } from './type-cases/index.ts';

let stack: Stack;

beforeAll(async () => {
  stack = await startStack({ servers: ['mysql', 'mariadb'] });
});
afterAll(() => stack.stop());

/** One table per case, filled; what the binlog says of it and what a SELECT says of it. */
class Written {
  readonly recorder: Recorder;
  readonly selected = new Map<string, { column: Column; texts: string[] }>();
  readonly schema = new Map<string, Column>();

  constructor(database: string) {
    this.recorder = new Recorder(database);
  }
}

async function write(server: MysqlServer, cases: readonly TypeCase[]): Promise<Written> {
  const session = await Session.open(server, `sluice_binlog_values_${process.pid}`);
  try {
    const from = await session.position();
    for (const [index, { type, values }] of cases.entries()) {
      await session.run(`CREATE TABLE t${index} (id int NOT NULL PRIMARY KEY, v ${type})`);
      const rows = values.map((value, row) => `(${row + 1},${typeof value === 'string' ? value : value[0]})`);
      await session.run(`INSERT IGNORE INTO t${index} VALUES ${rows.join(',')},(0,NULL)`);
    }
    const written = new Written(session.database);
    const dump = await dumpBinlog(server, from);
    const columnFacts = (map: TableMap): ColumnFacts => factsOf(map, cases);
    const options = { checksum: dump.checksum, flavour: server.flavour, ...from, columnFacts };
    const decoder = new BinlogDecoder(written.recorder, options);
    for (const event of dump.events) decoder.accept(event);
    for (const index of cases.keys()) await select(session, `t${index}`, cases, written);
    return written;
  } finally {
    await session.close();
  }
}

function factsOf(map: TableMap, cases: readonly TypeCase[]): ColumnFacts {
  const type = /^t(\d+)$/.exec(map.table) === null ? '' : cases[Number(map.table.slice(1))]?.type;
  const isNamed = type === 'uuid' || type === 'inet6' || type === 'inet4';
  return { namedTypes: new Map(isNamed ? [['v', type]] : []), leftOut: new Set() };
}

async function select(
  session: Session,
  table: string,
  cases: readonly TypeCase[],
  written: Written,
): Promise<void> {
  const map = written.recorder.maps.get(`${session.database}.${table}`)!;
  const column = describedColumns(map.columns, factsOf(map, cases))[1]!;
  const [described] = await session.records<InformationSchemaColumn>(
    `SELECT * FROM information_schema.columns WHERE table_schema = '${session.database}' AND table_name = '${table}' AND column_name = 'v'`,
  );
  written.schema.set(table, columnFromInformationSchema(described!, session.server.flavour));
  const rows = await session.select(`SELECT ${selectExpression(column)} FROM ${table} ORDER BY id`);
  const out = new ByteWriter(16);
  const writeValue = selectValueWriter(column);
  const texts = rows.map(([text]) => {
    out.reset();
    writeValue(text!, out);
    return out.bytes.toString('utf8', 0, out.position);
  });
  written.selected.set(table, { column, texts });
}

/** It shows two digits of the year that it holds; stores have a YEAR. */
const SHORT_YEAR: TypeCase = {
  type: 'year(2)',
  values: ['1', '70', '1901', '2155'],
  only: 'mariadb',
};

describe.each(['mysql', 'mariadb'] as const)('%s', (flavour) => {
  // What newer servers have besides is part of the conformance run of the whole pipeline.
  const all = [...TYPE_FAMILIES.flatMap((family) => family.cases), SHORT_YEAR];
  const cases = all.filter(({ only }) => isFor(only, { flavour, version: '' }));
  let written: Written;

  beforeAll(async () => {
    written = await write(stack[flavour], cases);
  });

  test.each(cases.map((each, index) => [each.type.slice(0, 60), `t${index}`, each] as const))(
    '%s: binlog and SELECT give the same JSON',
    (_type, table, { values }) => {
      const logged = written.recorder.rows
        .get(table)!
        .toSorted((a, b) => Number(a.after![0]) - Number(b.after![0]))
        .map((row) => row.after![1]!);
      expect(logged).toHaveLength(values.length + 1);
      expect(logged).toEqual(written.selected.get(table)!.texts);
      expect(logged[0]).toBe('null');
      for (const text of logged) JSON.parse(text);
      values.forEach((value, row) => {
        if (typeof value !== 'string') expect(logged[row + 1]).toBe(value[1]);
      });
    },
  );

  test.each(cases.map((each, index) => [each.type.slice(0, 60), `t${index}`] as const))(
    '%s: the table map and information_schema describe the same column',
    (_type, table) => {
      const { name, sqlType, nullable, unsigned, charset } = written.selected.get(table)!.column;
      expect(written.schema.get(table)).toMatchObject({ name, sqlType, nullable, unsigned, charset });
    },
  );
});
