import type { SluiceConfig } from '@sluice/runtime';
import type { Connection } from 'mysql2/promise';
import { expect, test } from 'vitest';
import { findDomainWarnings } from '../../src/preflight/domain-checks.ts';

const HOST = { host: 'db-1', port: 3306 };

function warnings(flavour: 'mysql' | 'mariadb', hosts: number, mode: string): Promise<readonly string[]> {
  const query = (): Promise<unknown> => Promise.resolve([[['gtid_strict_mode', mode]]]);
  const config = { source: { hosts: Array.from({ length: hosts }, () => HOST) } };
  const connection = { query } as unknown as Connection;
  return findDomainWarnings(connection, { flavour }, config as unknown as SluiceConfig);
}

test.each([
  ['mariadb', 2, 'OFF', 1],
  ['mariadb', 2, 'ON', 0],
  ['mariadb', 1, 'OFF', 0],
  ['mysql', 2, 'OFF', 0],
] as const)('%s, %i servers, gtid_strict_mode %s: %i warnings', async (flavour, hosts, mode, count) => {
  expect(await warnings(flavour, hosts, mode)).toHaveLength(count);
});

test('the warning names the fix', async () => {
  const [warning] = await warnings('mariadb', 2, 'OFF');
  expect(warning).toMatch(/Fix on each of them: SET GLOBAL gtid_strict_mode = ON/);
});
