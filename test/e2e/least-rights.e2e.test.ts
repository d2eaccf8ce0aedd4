import { join } from 'node:path';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { startStack } from '@sluice/local-stack';
import { readClientTls } from '@sluice/runtime';
import kafkajs, { type AclEntry } from 'kafkajs';
import { afterAll, describe, expect, test } from 'vitest';
import { CapturePipeline } from '../harness/pipelines/capture-pipeline.ts';
import { eventually } from '../harness/eventually.ts';
import { EXERCISE_TABLES, exercise, refusals, SMALL_TOPICS } from '../harness/rights/exercise.ts';
import { GuardedPipeline, makeCaptureAccount } from '../harness/rights/guarded-pipeline.ts';
import { certifiedServers, guardedStack, PASSWORD, withoutUser } from '../harness/rights/guarded-stack.ts';
import { shippedKafkaRules, shippedRole } from '../harness/rights/shipped-rules.ts';
import { fileScope, testScope, uniqueName } from '../harness/scope.ts';
import { SINK_SERVICES, type PipelineProcess } from '../harness/pipelines/sink-pipeline.ts';
import { newFolder } from '../harness/processes/new-folder.ts';
import { sluice } from '../harness/processes/sluice-command.ts';
import { SourceDatabase } from '../harness/pipelines/source-database.ts';

/**
 * The pipeline with the accounts that `infra` ships and no other rights, every connection by TLS with a client certificate; their
 * passwords change while it runs; and what fails when a right or a certificate is taken away. Of the rules of Kafka a few are taken away here, each of them by `npm run test:rights`.
 */

const ALL = process.env['SLUICE_RIGHTS'] === 'all';

const shared = await startStack({ servers: ['kafka', 'mysql', 'mariadb'] });
afterAll(() => shared.stop());
const scope = fileScope();
const servers = await certifiedServers(scope);
const database = await SourceDatabase.create(scope, servers.stack.mysql, 'least');
const guarded = await guardedStack(scope, servers, database.name);

test('every service runs with the shipped rights, and the stores equal the source', async () => {
  await database.run(
    'CREATE TABLE parcels (id INT NOT NULL PRIMARY KEY, label VARCHAR(40))',
    "INSERT INTO parcels VALUES (1, 'one'), (2, 'two'), (3, 'three')",
    'CREATE TABLE lists (id INT NOT NULL PRIMARY KEY)',
    'INSERT INTO lists VALUES (1), (2)',
  );
  const own = testScope();
  const accounts = await GuardedPipeline.create(own, servers, guarded, database);
  const { pipeline } = accounts;
  await pipeline.admin.createAcls({ acl: await shippedKafkaRules(pipeline.name, database.name) });
  const running: PipelineProcess[] = [];
  for (const name of ['capture', ...SINK_SERVICES] as const) running.push(await accounts.launch(name));
  await Promise.all(running.map(({ process }) => process.ready()));
  await pipeline.converged();
  await database.run(
    'UPDATE parcels SET label = NULL WHERE id = 1',
    'DELETE FROM parcels WHERE id = 2',
    'ALTER TABLE parcels ADD COLUMN note VARCHAR(9), ADD INDEX (label)',
    "INSERT INTO parcels VALUES (4, 'four', 'new')",
    'ALTER TABLE parcels DROP PRIMARY KEY, ADD COLUMN part INT NOT NULL, ADD PRIMARY KEY (id, part)',
    'TRUNCATE lists',
    'INSERT INTO lists VALUES (3)',
    'CREATE TABLE late (id INT NOT NULL PRIMARY KEY)',
    'INSERT INTO late VALUES (1)',
  );
  await pipeline.converged();
  await privilegesAreNeeded(accounts);
  await accounts.changePasswords(own, 'Least-rights-8');
  const old = async (): Promise<boolean> => (await ask('sluice', ['GET', '_cluster/health'])) === 401;
  await eventually('Elasticsearch to refuse the old password', old);
  await database.run("INSERT INTO parcels VALUES (5, 'five', 'later', 0)", 'DELETE FROM lists WHERE id = 3');
  await pipeline.converged();
  await accounts.changeServersFirst('Least-rights-9', async () => {
    await database.run("INSERT INTO parcels VALUES (6, 'six', 'refused', 0)");
    const quiet = (): string[] =>
      running.filter(({ process }) => !process.output.includes('SECRET_REFUSED')).map(({ name }) => name);
    await eventually('every service to tell of a refused login', () => quiet().length === 0).catch(
      (cause: unknown) => {
        throw new Error(`nothing told of a refused login: ${quiet().join(', ')}`, { cause });
      },
    );
  });
  const taken = async (): Promise<boolean> =>
    (await ask('sluice', ['GET', '_cluster/health'], 'Least-rights-9')) === 200;
  await eventually('Elasticsearch to take the new password', taken);
  await pipeline.converged();
  await certificatesAreNeeded(accounts);
  const backup = join(await newFolder(own), 'state');
  expect(await sluice(await accounts.commandFile(), 'backup --to', backup)).toMatchObject({ code: 0 });
  await accountsAreAudited(accounts);
  await rowsAreRepaired(accounts);
  await sinksAreRebuilt(accounts, running[0]?.opsUrl ?? '');
  for (const { process } of running) expect(await process.stop()).toMatchObject({ code: 0 });
  for (const { process, name } of running)
    expect({ name, refused: refusals(process.output) }).toEqual({ name, refused: [] });
});

/**
 * A month's report finds no right too many in the shipped accounts, sees that certificates end, and restores a backup beside the pipeline with
 * the rights that are shipped for that.
 */
async function accountsAreAudited(accounts: GuardedPipeline): Promise<void> {
  const { name, admin } = accounts.pipeline;
  const file = await accounts.doctorFile();
  const report = async (): Promise<(area: string) => readonly string[]> => {
    const { document, said } = await sluice(file, 'maintenance monthly');
    if (document === null) throw new Error(said);
    const { findings } = document as {
      readonly findings: readonly Record<'area' | 'result' | 'found', string>[];
    };
    return (area) =>
      findings.filter((each) => each.area === area).map(({ result, found }) => `${result}: ${found}`);
  };
  const without = await report();
  const nothing = (account: string): string => `ok: ${account}: nothing beyond its work`;
  expect(without('grants')).toEqual([
    nothing('source'),
    `${nothing('sink-redis')}, of what was tried: +config|get, +acl|list, +client|list, ~* (keys of others)`,
    `${nothing('sink-elasticsearch')}, of what was tried: all, manage_security, manage on the cluster, all, write, read on *`,
    nothing('sink-mysql'),
  ]);
  expect(without('certificates')).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^problem: kafka\.tls\.certFile .* ends in 1 days$/),
      expect.stringMatching(/^problem: source: the certificate of the server ends in 1 days$/),
      expect.stringMatching(/^problem: sink-mysql: the certificate of the server ends in 1 days$/),
    ]),
  );
  expect(without('restore')).toEqual([expect.stringMatching(/^problem: KAFKA_NOT_AUTHORIZED/)]);
  await admin.createAcls({ acl: await shippedKafkaRules(name, database.name, [], true) });
  const restored = await report();
  expect(restored('restore').at(-1)).toMatch(/^ok: \d+ records of \d+ topics written under .* and removed/);
}

/** The command compares and repairs with the accounts of the sinks, and takes back what it has repaired. */
async function rowsAreRepaired(accounts: GuardedPipeline): Promise<void> {
  const { pipeline } = accounts;
  const { stores } = pipeline;
  const file = await accounts.doctorFile();
  const run = async (line: string): Promise<number> => {
    const { code, said } = await sluice(file, line);
    return code > 3 || code < 0 ? Promise.reject(new Error(said)) : code;
  };
  const [report, undo] = [`${file}.report.json`, `${file}.undo.ndjson`];
  expect(await run(`compare --output-file ${file}.equal.json`)).toBe(0);
  const [key = ''] = await stores.redis.keys(`*${database.name}.parcels:*`);
  await stores.redis.del(key);
  await stores.elasticsearch.delete({
    index: stores.index('parcels'),
    id: '{"id":6,"part":0}',
    refresh: true,
  });
  await stores.target.query(`DELETE FROM \`${stores.targetDatabase}\`.parcels WHERE id = 6`);
  expect(await run(`compare --output-file ${report}`)).toBe(3);
  expect(await run(`repair --report ${report} --apply --undo ${undo}`)).toBe(0);
  await pipeline.converged();
  expect(await run(`repair --undo-from ${undo} --apply`)).toBe(0);
  expect(await stores.redis.exists(key)).toBe(0);
}

/** The command rebuilds sinks beside themselves with rights that are shipped for it alone, and says which are missing without. */
async function sinksAreRebuilt(accounts: GuardedPipeline, captureUrl: string): Promise<void> {
  const doctorFile = await accounts.doctorFile();
  const config = JSON.parse(await readFile(doctorFile, 'utf8')) as object;
  const file = `${doctorFile}.rebuild.yaml`;
  await writeFile(file, JSON.stringify({ ...config, capture: { ops: { url: captureUrl } } }));
  const sinks = ALL ? ['mysql', 'elasticsearch'] : ['elasticsearch'];
  const rebuilt = (sink: string) => sluice(file, `sink rebuild --sink ${sink} --keep 0 --yes`);
  for (const sink of sinks) {
    const { code, said } = await rebuilt(sink);
    expect([code, said]).toEqual([
      1,
      expect.stringMatching(/cannot be rebuilt: .*(?:lacks rights|without) /),
    ]);
  }
  await accounts.allowRebuilds(sinks);
  const known = `${accounts.pipeline.name}-rebuild-none/_count`;
  const isKnown = async (): Promise<boolean> =>
    (await ask('sluice', ['GET', known], 'Least-rights-9')) !== 403;
  await eventually('Elasticsearch to read the role', isKnown);
  for (const sink of sinks) {
    const { code, said } = await rebuilt(sink);
    expect([code, said]).toEqual([0, expect.stringContaining('rebuilt and swapped')]);
    expect([...refusals(said), ...said.split('\n').filter((line) => line.includes('may not'))]).toEqual([]);
  }
  await accounts.pipeline.converged();
}

/** What the command says of a server to which no client certificate is shown; with all of them, it finds no connection wrong. */
async function certificatesAreNeeded(accounts: GuardedPipeline): Promise<void> {
  const failures = async (...bare: readonly string[]): Promise<Record<string, string>> => {
    const { document, said } = await sluice(await accounts.doctorFile(bare), 'doctor');
    if (document === null) throw new Error(said);
    const { findings } = document as { readonly findings: readonly Record<'area' | 'found', string>[] };
    return Object.fromEntries(
      findings.flatMap(({ area, found }) => {
        const code = /\b[A-Z]+_(?:TLS|AUTH|UNREACHABLE|UNAVAILABLE)(?:_FAILED)?\b/.exec(found);
        return code === null ? [] : [[area, code[0]]];
      }),
    );
  };
  expect(await Promise.all([failures(), failures('redis', 'elasticsearch', 'mysql', 'source')])).toEqual([
    {},
    {
      source: 'MYSQL_AUTH_FAILED',
      'sink-redis': 'REDIS_TLS_FAILED',
      'sink-elasticsearch': 'ELASTICSEARCH_TLS_FAILED',
      'sink-mysql': 'MYSQL_AUTH_FAILED',
    },
  ]);
}

/** The status of an answer of Elasticsearch to a user, without more with the first password. */
async function ask(
  user: string,
  [method, path, body]: readonly [string, string, string?],
  password = PASSWORD,
): Promise<number> {
  const sent = request(`${guarded.elasticsearch}/${path}`, {
    ...readClientTls(servers.tls, 'test'),
    method,
    headers: { 'content-type': 'application/x-ndjson' },
    auth: `${user}:${password}`,
  });
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  // An answer about documents has a status for each.
  return Number(/"status":(\d+)/.exec(await text(response))?.[1] ?? response.statusCode);
}

const OK: Readonly<Record<string, number>> = { index: 201 };

/** Each privilege of the role of Elasticsearch, by a request as the sink makes it. */
async function privilegesAreNeeded({ pipeline }: GuardedPipeline): Promise<void> {
  const { stores, name } = pipeline;
  const index = stores.index('parcels');
  const requests: Readonly<Record<string, readonly [string, string, string?]>> = {
    monitor: ['GET', '_cluster/health'],
    read: ['POST', `${index}/_search`],
    manage: ['PUT', `${index}/_settings`, '{"index":{"number_of_replicas":0}}'],
    index: ['POST', `${index}/_bulk?filter_path=items.*.status`, '{"index":{"_id":"x"}}\n{}\n'],
    delete: ['POST', `${index}/_bulk?filter_path=items.*.status`, '{"delete":{"_id":"x"}}\n'],
  };
  const role = await shippedRole(`${name}-`, name);
  const privileges = [...role.cluster, ...role.indices.flatMap((part) => part.privileges)];
  expect(privileges.toSorted()).toEqual(Object.keys(requests).sort());
  for (const [privilege, each] of Object.entries(requests)) {
    const statuses = [await ask(withoutUser(privilege), each), await ask('sluice', each)];
    expect({ privilege, statuses }).toEqual({ privilege, statuses: [403, OK[privilege] ?? 200] });
  }
}

const OPERATIONS: readonly string[] = Object.entries(kafkajs.AclOperationTypes).reduce<string[]>(
  (names, [name, code]) => {
    names[code as number] = name;
    return names;
  },
  [],
);
const KINDS: Readonly<Record<number, string>> = { 2: 'topic', 3: 'group', 5: 'transactional id' };
const nameOf = ({ principal, resourceType, resourceName, operation }: AclEntry): string =>
  `${principal} ${OPERATIONS[operation]} ${KINDS[resourceType]} ${resourceName}`;
const pattern = await shippedKafkaRules('PIPELINE', 'DATABASE');
/** The others sinks' rules are the same, with their names in them. */
const tried = pattern.filter(({ principal }) => !/-(?:redis|elasticsearch)$/.test(principal));
const SAMPLE = /transactional id/;

describe('rules of Kafka', () => {
  test.each(['none', ...tried.map(nameOf).filter((name) => ALL || SAMPLE.test(name))])(
    'without %s',
    async (taken) => {
      const own = testScope();
      const source = await SourceDatabase.create(own, servers.stack.mysql, 'rights');
      await source.run(...EXERCISE_TABLES);
      const accounts = await GuardedPipeline.create(own, servers, guarded, source, SMALL_TOPICS);
      const place = (text: string): string =>
        text.replaceAll('PIPELINE', source.name).replaceAll('DATABASE', source.name);
      const rules = tried.map((rule) => ({ ...rule, resourceName: place(rule.resourceName) }));
      const left = rules.filter((rule) => nameOf(rule) !== place(taken));
      expect(rules.length - left.length).toBe(taken === 'none' ? 0 : 1);
      await accounts.pipeline.admin.createAcls({ acl: left });
      const refused = await exercise(own, guarded.stack.kafka.brokers, accounts);
      if (taken === 'none') expect(refused).toEqual([]);
      else expect(refused.join('\n')).toMatch(/AUTHORIZ|may not Read the group|UNSEEN/);
    },
  );
});

describe.each([shared.mysql, shared.mariadb])('the account of capture on $flavour', (server) => {
  test('reads rows and changes, and each of its rights is asked for by name', async () => {
    const own = testScope();
    const source = await SourceDatabase.create(own, server, 'account');
    const user = uniqueName('account').slice(0, 30);
    await source.run(...EXERCISE_TABLES);
    await makeCaptureAccount(own, source, user);
    const sections = { source: { user, password: PASSWORD }, topics: { partitions: 1 } };
    const pipeline = await CapturePipeline.create(own, {
      database: source,
      brokers: shared.kafka.brokers,
      sections,
    });
    const rights = { SELECT: `${source.name}.*`, 'REPLICATION SLAVE': '*.*', 'REPLICATION CLIENT': '*.*' };
    for (const [right, on] of Object.entries(rights)) {
      await source.run(`REVOKE ${right} ON ${on} FROM '${user}'@'%'`);
      const refused = pipeline.launch();
      expect({ right, ...(await refused.ended) }).toMatchObject({ right, code: 69 });
      const { err } = refused.log.at(-1) ?? {};
      expect(err?.message).toMatch(new RegExp(`^1 problem.*GRANT ${right} ON`, 's'));
      await source.run(`GRANT ${right} ON ${on} TO '${user}'@'%'`);
    }

    const capture = await pipeline.start();
    await pipeline.snapshotDone(capture, ['parcels']);
    await source.run("INSERT INTO parcels VALUES (5, 'five')");
    await pipeline.arrived(capture, 'parcels', '{"id":5}');
    expect(await capture.stop()).toMatchObject({ code: 0 });
    expect(refusals(capture.output)).toEqual([]);
  });
});
