import { randomBytes } from 'node:crypto';
import type { Connection } from 'mysql2/promise';
import { SHOP_DATABASE, type DatabaseAddress } from '@sluice/sample-shop';

/** Creates the user that capture connects as, with what capture needs and no more. */
export function createCaptureUser(admin: Connection, server: DatabaseAddress): Promise<DatabaseAddress> {
  return createUser(admin, server, 'sluice_capture', [
    `GRANT SELECT ON ${SHOP_DATABASE}.* TO ?@'%'`,
    "GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO ?@'%'",
  ]);
}

async function createUser(
  admin: Connection,
  server: DatabaseAddress,
  user: string,
  grants: readonly string[],
): Promise<DatabaseAddress> {
  const password = randomBytes(12).toString('hex');
  await admin.query("DROP USER IF EXISTS ?@'%'", [user]);
  await admin.query("CREATE USER ?@'%' IDENTIFIED BY ?", [user, password]);
  for (const grant of grants) await admin.query(grant, [user]);
  return { host: server.host, port: server.port, user, password };
}
