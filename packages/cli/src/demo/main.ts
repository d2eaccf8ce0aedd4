/** `node packages/cli/src/demo/main.ts`: the sample shop and its traffic on a server of your own, until it is stopped. */
import { setTimeout as delay } from 'node:timers/promises';
import { createConnection } from 'mysql2/promise';
import { createShop, SHOP_DATABASE, startWorkload, type DatabaseAddress } from './index.ts';

const PROGRESS_MS = 30_000;

const env = process.env;
const source: DatabaseAddress = {
  host: env['SLUICE_DEMO_HOST'] ?? '127.0.0.1',
  port: Number(env['SLUICE_DEMO_PORT'] ?? 3306),
  user: env['SLUICE_DEMO_USER'] ?? 'root',
  password: env['SLUICE_DEMO_PASSWORD'] ?? '',
};
const seed = Number(env['SLUICE_DEMO_SEED'] ?? 1);
const transactionsPerSecond = Number(env['SLUICE_DEMO_RATE'] ?? 20);

const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
process.once('SIGINT', () => stop.abort());

const connection = await createConnection({ ...source, charset: 'utf8mb4' });
const [existing] = await connection.query('SHOW DATABASES LIKE ?', [SHOP_DATABASE]);
if (Array.isArray(existing) && existing.length > 0) {
  console.log(`the database ${SHOP_DATABASE} is there already and stays as it is: no traffic`);
  await connection.end();
} else {
  console.log(`${await createShop(connection, { seed })} rows written to ${SHOP_DATABASE}`);
  await connection.end();
  const workload = startWorkload({ source, seed, transactionsPerSecond });
  stop.signal.addEventListener('abort', () => void workload.stop().catch(() => undefined));
  const reporting = reportProgress();
  const { changes } = await workload.done.finally(() => stop.abort());
  await reporting;
  console.log(`stopped after ${changes} row changes`);

  async function reportProgress(): Promise<void> {
    while (!stop.signal.aborted) {
      await delay(PROGRESS_MS, undefined, { signal: stop.signal }).catch(() => undefined);
      console.log(`${workload.progress().changes} row changes`);
    }
  }
}
