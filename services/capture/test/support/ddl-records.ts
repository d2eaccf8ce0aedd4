import type { DdlClearedRecord, DdlRecord } from '@sluice/envelope';

export const ddlId = (number: number): string => `001000001${String(number).padStart(10, '0')}`;

/** A record of the DDL topic at this offset of the binlog. */
export function ddlRecord(number: number, change: Partial<DdlRecord['payload']> = {}): DdlRecord {
  return {
    schema: { version: 1, type: 'ddl' },
    payload: {
      id: ddlId(number),
      class: 'breaking',
      policy: 'alert',
      tables: ['shop.orders'],
      shadow: false,
      created: false,
      statement: 'ALTER TABLE orders DROP COLUMN v',
      advice: '',
      source: {
        server: 'shop',
        database: 'shop',
        timestamp: 1,
        position: { file: 'binlog.000001', offset: number },
        gtid: null,
      },
      captured_at: 1,
      ...change,
    },
  };
}

export const clearedRecord = (ids: readonly string[]): DdlClearedRecord => ({
  schema: { version: 1, type: 'ddl-cleared' },
  payload: { ids: [...ids], by: 'ann', reason: '', at: 1 },
});
