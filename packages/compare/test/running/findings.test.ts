import { expect, test } from 'vitest';
import type { ComparedTable } from '../../src/compared-table.ts';
import { Findings } from '../../src/running/findings.ts';

const table: ComparedTable = { database: 'shop', table: 'a', columns: [], key: [], notCompared: new Set() };

function resultOf(...sinksOfTables: readonly (readonly string[])[]): string {
  const findings = new Findings();
  for (const [at, sinks] of sinksOfTables.entries())
    findings.begin({ database: 'shop', table: `t${at}` }, table, [], sinks);
  return findings.result(false).result;
}

test('nothing that was compared is not equal', () => {
  expect([resultOf(), resultOf([]), resultOf(['redis']), resultOf(['redis'], [])]).toEqual([
    'not done',
    'not done',
    'equal',
    'equal',
  ]);
});
