import { expect, test } from 'vitest';
import { GtidSet } from '../../src/orphans/gtid-set.ts';
import { OrphanReader } from '../../src/orphans/orphan-reader.ts';

const UUID = '3e11fa47-71ca-11e1-9e33-c80aa9429562';
const CASES = {
  mysql: { known: `${UUID}:1-10`, had: `${UUID}:1-12`, gtid: (n: number) => `${UUID}:${n}` },
  mariadb: { known: '0-1-10', had: '0-1-12', gtid: (n: number) => `0-1-${n}` },
};

test.each(['mysql', 'mariadb'] as const)(
  '%s: what the old master has got since it was asked is no orphan',
  (flavour) => {
    const { known, had, gtid } = CASES[flavour];
    const committed: string[] = [];
    const reader = new OrphanReader(
      flavour,
      { known: GtidSet.parse(flavour, known), had: GtidSet.parse(flavour, had) },
      '',
      { rows: () => undefined, commit: (transaction) => committed.push(transaction.gtid) },
    );
    reader.enterFile('binlog.000002');
    for (const n of [10, 11, 12, 13, 14]) {
      reader.onBegin({ gtid: gtid(n), start: n * 100, committedAtMicros: 0, serverId: 1, lone: false });
      reader.onCommit(n * 100 + 50);
    }
    expect(committed).toEqual([gtid(11), gtid(12)]);
    expect(reader.gtids).toEqual([gtid(11), gtid(12)]);
  },
);
