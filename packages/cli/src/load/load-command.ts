import { PipelineError, wordsOf, type SluiceConfig } from '@sluice/runtime';
import { audited } from '../operator/audited.ts';
import { CommandFailed } from '../operator/command-failed.ts';
import type { CommandLine, PipelineCommand } from '../operator/command.ts';
import { whoIsIt } from '../operator/dead-letters.ts';
import { interruption } from '../operator/interruption.ts';
import { importCapture, importShop } from '../operator/optional-packages.ts';
import { answersOf } from '../operator/pipeline-status.ts';
import { plural, show, type Screen } from '../operator/screen.ts';
import { loginOf } from '../operator/writer-login.ts';
import { loadOrder, type LoadOrder } from './load-order.ts';
import { LoadReading } from './load-reading.ts';
import { catchUp, runLoad, WINDOW_MS, type LoadResult, type Reading } from './load-run.ts';

const HEADINGS = ['SINK', 'PROCESS', 'P50 MS', 'P99 MS', 'WORST P99 MS'];
/** Below that share of what was asked for, the source or its writers were the limit. */
const ENOUGH = 0.95;
const SEED = 1;

export const loadCommand: PipelineCommand = {
  name: 'load',
  options: [
    'database',
    'yes',
    'dry-run',
    'rate',
    'duration',
    'shape',
    'writers',
    'wait',
    'user',
    'password-file',
    'token-file',
    'ca-file',
    'by',
  ],
  help: 'write into a database of the source that is marked for it, at a given rate, and tell how the pipeline takes it; for capacity planning',
  connects: 'source',
  run: load,
};

/** False when the rate was not reached, or the pipeline has not caught up. Throws UsageError, CommandFailed, PipelineError. */
async function load(line: CommandLine, config: SluiceConfig, screen: Screen): Promise<boolean> {
  const order = loadOrder(line);
  const login = await loginOf(line.values);
  const shop = await shopOf();
  const server = { ...(await serverOf(config, order.database, shop.tables)), ...login };
  const where = whereOf(order, server);
  const { emptied } = await shop.lookIn(server, order.database);
  if (!line.performs) {
    show(
      screen,
      { load: order, where, emptied, dryRun: true },
      ['EMPTIED'],
      emptied.map((name) => [name]),
    );
    screen.say(
      `dry run: --yes writes into ${where}, and removes the rows of ${plural(emptied.length, 'table')} of an earlier load`,
    );
    return true;
  }
  const { rate, seconds, writers, database } = order;
  const told = { by: whoIsIt(line.values), to: where, database, rate, seconds, writers };
  return audited({ config, command: 'load', order: told, screen }, () =>
    perform({ order, config, screen, values: line.values, server, shop }),
  );
}

interface LoadWork {
  readonly order: LoadOrder;
  readonly config: SluiceConfig;
  readonly screen: Screen;
  readonly values: CommandLine['values'];
  readonly server: Awaited<ReturnType<typeof serverOf>>;
  readonly shop: Awaited<ReturnType<typeof shopOf>>;
}

async function perform({ order, config, screen, values, server, shop }: LoadWork): Promise<boolean> {
  const where = whereOf(order, server);
  const { signal, forget } = interruption(process);
  let progress: LoadReading | null = null;
  try {
    screen.say(`${await shop.fillIn(server, order.database)} rows written to ${where}`);
    const { database } = order;
    const opened = (progress = await LoadReading.open(config, { database, tables: shop.tables }, signal));
    const ask = () => answersOf(config, values);
    const reading: Reading = { ask, applied: (ends) => opened.applied(ends), signal };
    const { caughtUpSeconds, notCaughtUp } = await catchUp(reading, order.waitSeconds);
    if (signal.aborted)
      throw new CommandFailed('interrupted: no load was put on; the first rows of its tables stay');
    if (caughtUpSeconds === null)
      throw new CommandFailed(
        `the pipeline has not read these rows within ${order.waitSeconds} s (--wait): ${notCaughtUp ?? 'sluice status says why'}`,
      );
    const result = await runLoad({ order, workload: startedBy(order, server, shop), reading }).catch(
      (error: unknown) => {
        throw writeFailed(error);
      },
    );
    return tell(order, result, signal.aborted, screen);
  } finally {
    forget();
    await progress?.close();
  }
}

function startedBy(order: LoadOrder, source: LoadWork['server'], shop: LoadWork['shop']) {
  const { rate: transactionsPerSecond, shape, writers, database } = order;
  const { mark } = shop;
  return shop.startWorkload({ source, seed: SEED, database, transactionsPerSecond, shape, writers, mark });
}

const whereOf = ({ database }: LoadOrder, { host, port }: LoadWork['server']): string =>
  `${database} on ${host}:${port}`;

/** A service that cannot be asked is an answer of its own: what else fails is a statement of the load. */
function writeFailed(error: unknown): Error {
  if (error instanceof CommandFailed || error instanceof PipelineError) return error;
  return new CommandFailed(`the load has ended: ${wordsOf(error)}`, { cause: error });
}

/** The sample's own code, and its refusal as one of the command. */
async function shopOf() {
  const shop = await importShop(() => import('@sluice/sample-shop'));
  const { fillForLoad, LOAD_MARK, LoadRefused, lookForLoad, openServer, startWorkload, SHOP_TABLES } = shop;
  type Address = Parameters<typeof openServer>[0];
  async function at<T>(
    server: Address,
    work: (connection: Awaited<ReturnType<typeof openServer>>) => Promise<T>,
  ): Promise<T> {
    const connection = await openServer(server);
    try {
      return await work(connection);
    } catch (error) {
      if (error instanceof LoadRefused) throw new CommandFailed(error.message, { cause: error });
      throw error;
    } finally {
      connection.destroy();
    }
  }
  return {
    startWorkload,
    mark: LOAD_MARK,
    tables: SHOP_TABLES.map(({ name }) => name),
    lookIn: (server: Address, database: string) =>
      at(server, (connection) => lookForLoad(connection, database)),
    fillIn: (server: Address, database: string) =>
      at(server, (connection) => fillForLoad(connection, database, SEED)),
  };
}

async function serverOf(config: SluiceConfig, database: string, tables: readonly string[]) {
  const { loadTarget } = await importCapture(() => import('@sluice/capture/load-target'));
  const { server, notCaptured, refusal } = await loadTarget(config, database, tables);
  if (refusal !== null) throw new CommandFailed(refusal);
  if (notCaptured.length > 0)
    throw new CommandFailed(
      `source.tables does not capture ${notCaptured.map((name) => `${database}.${name}`).join(', ')}: a load would show nothing; add '${database}.*'`,
    );
  return server;
}

function tell(order: LoadOrder, result: LoadResult, isInterrupted: boolean, screen: Screen): boolean {
  const { transactions, rows, seconds, latencies, caughtUpSeconds, notCaughtUp, retries } = result;
  const perSecond = { transactions: transactions / seconds, rows: rows / seconds };
  const isReached = perSecond.transactions >= order.rate * ENOUGH;
  const lines = latencies.map(({ service, instance, p50Ms, p99Ms, worstP99Ms }) => [
    service,
    instance,
    ...[p50Ms, p99Ms, worstP99Ms].map((ms) => ms.toFixed(0)),
  ]);
  show(screen, { load: order, ...result, perSecond, reached: isReached }, HEADINGS, lines);
  screen.say(
    `${perSecond.transactions.toFixed(0)} transactions and ${perSecond.rows.toFixed(0)} rows a second, for ${seconds.toFixed(0)} s, of ${order.rate} transactions that were asked for (${plural(retries, 'repeat')} by locks)`,
  );
  if (isInterrupted) {
    screen.say(`interrupted after ${seconds.toFixed(0)} s: whether the pipeline keeps up is not known`);
    return false;
  }
  if (!isReached)
    screen.say('the rate was not reached: the source, or this machine, does not write faster; see --writers');
  if (order.seconds * 1000 < WINDOW_MS)
    screen.say(
      'percentiles are of the last minute, in which the tables were filled too: take a --duration above 60',
    );
  if (latencies.length === 0) screen.say('no sink has told its latency');
  screen.say(
    caughtUpSeconds === null
      ? `the pipeline had not caught up ${order.waitSeconds} s after the end (--wait): ${notCaughtUp ?? 'it does not keep up with this rate'}`
      : `the pipeline had caught up ${caughtUpSeconds.toFixed(1)} s after the end`,
  );
  return isReached && caughtUpSeconds !== null;
}
