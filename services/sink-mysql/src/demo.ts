import { randomBytes } from 'node:crypto';
import { connect, quoteIdentifier, type MysqlOptions } from '@sluice/mysql';
import type { SinkDemo } from '@sluice/demo/sink-demo';

const COPY = 'shop_copy';
/** The default of `sinks.mysql.stateDatabase`. */
const STATE = 'sluice';
const USER = 'sluice_sink';
const CONNECT_TIMEOUT_MS = 10_000;

export const demo: SinkDemo = {
  servers: ['target-mysql'],
  section: async ({ targetMysql: { host, port, user, password } }) => {
    const made = await createUser({ host, port, user, password, connectTimeoutMs: CONNECT_TIMEOUT_MS });
    return { host, port, user: USER, password: made, databases: { shop: COPY } };
  },
  place: ({ targetMysql: { host, port, user, password } }) => [
    'target MySQL',
    `mysql -h${host} -P${port} -u${user} -p${password} ${COPY}`,
  ],
};

/** Creates the user that the sink connects as, for its two databases and nothing else. Resolves to its password. */
async function createUser(server: MysqlOptions): Promise<string> {
  const password = randomBytes(12).toString('hex');
  const admin = await connect(server);
  try {
    await admin.query("DROP USER IF EXISTS ?@'%'", [USER]);
    await admin.query("CREATE USER ?@'%' IDENTIFIED BY ?", [USER, password]);
    for (const database of [COPY, STATE])
      await admin.query(`GRANT ALL ON ${quoteIdentifier(database)}.* TO ?@'%'`, [USER]);
  } finally {
    await admin.end();
  }
  return password;
}
