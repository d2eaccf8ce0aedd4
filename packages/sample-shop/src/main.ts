/** `node packages/sample-shop/src/main.ts`: the sample shop and its traffic on a server of your own, until it is stopped. */
import { readFileSync } from 'node:fs';
import { createConnection } from 'mysql2/promise';
import { createShop, SHOP_DATABASE, startWorkload } from './index.ts';

const PROGRESS_MS = 30_000;

const env = process.env;
const passwordFile = env['SLUICE_DEMO_PASSWORD_FILE'];
const source = {
  host: env['SLUICE_DEMO_HOST'] ?? '127.0.0.1',
  port: Number(env['SLUICE_DEMO_PORT'] ?? 3306),
  user: env['SLUICE_DEMO_USER'] ?? 'root',
  password: passwordFile ? readFileSync(passwordFile, 'utf8').trim() : (env['SLUICE_DEMO_PASSWORD'] ?? ''),
};
const seed = Number(env['SLUICE_DEMO_SEED'] ?? 1);
const transactionsPerSecond = Number(env['SLUICE_DEMO_RATE'] ?? 20);

const stop = new AbortController();
process.once('SIGTERM', () => stop.abort());
process.once('SIGINT', () => stop.abort());

/** Rows of a fresh sample database, or null when there is one already: its keys are not known here any more. */
async function fillOnce(): Promise<number | null> {
  const connection = await createConnection({ ...source, charset: 'utf8mb4' });
  try {
    const [existing] = await connection.query('SHOW DATABASES LIKE ?', [SHOP_DATABASE]);
    if (Array.isArray(existing) && existing.length > 0) return null;
    return await createShop(connection, { seed });
  } finally {
    await connection.end();
  }
}

async function runTraffic(): Promise<void> {
  const workload = startWorkload({ source, seed, transactionsPerSecond });
  stop.signal.addEventListener('abort', () => void workload.stop().catch(() => undefined));
  const progress = setInterval(() => {
    console.log(`${workload.progress().changes} row changes`);
  }, PROGRESS_MS);
  try {
    const { changes } = await workload.done;
    console.log(`stopped after ${changes} row changes`);
  } finally {
    clearInterval(progress);
  }
}

const rows = await fillOnce();
if (rows === null) {
  console.log(`the database ${SHOP_DATABASE} is there already and stays as it is: no traffic`);
} else {
  console.log(`${rows} rows written to ${SHOP_DATABASE}`);
  await runTraffic();
}
