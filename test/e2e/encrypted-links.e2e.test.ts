import { startStack } from '@sluice/local-stack';
import { afterAll, expect, test } from 'vitest';
import { testScope, uniqueName } from '../harness/scope.ts';
import { SinkPipeline } from '../harness/pipelines/sink-pipeline.ts';

const stack = await startStack({ servers: ['kafka', 'mysql', 'target-mysql', 'redis', 'elasticsearch'] });
afterAll(() => stack.stop());

const PASSWORD = 'Pass-word-4';

/** Of accounts that a server lets in over TLS alone: a connection in clear would be refused. */
test('binlog and snapshot are read, and the target is written, over TLS', async () => {
  const scope = testScope();
  const pipeline = await SinkPipeline.withTables(scope, stack, 'encrypted', [
    'CREATE TABLE items (id int NOT NULL PRIMARY KEY, name varchar(20))',
    "INSERT INTO items VALUES (1, 'one'), (2, 'two')",
  ]);
  const user = uniqueName('tls').slice(0, 30);
  const account = `'${user}'@'%'`;
  const create = `CREATE USER ${account} IDENTIFIED BY '${PASSWORD}' REQUIRE SSL`;
  await pipeline.database.run(
    create,
    `GRANT SELECT, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO ${account}`,
  );
  scope.defer(() => pipeline.database.run(`DROP USER ${account}`));
  await pipeline.stores.target.query(create);
  scope.defer(async () => void (await pipeline.stores.target.query(`DROP USER ${account}`)));
  await pipeline.stores.target.query(`GRANT ALL ON *.* TO ${account}`);
  const { host, port } = pipeline.database.server;
  const login = { user, password: PASSWORD };
  const source = { host, port, ...login, tables: [`${pipeline.name}.*`] };

  const refused = { source: { ...source, tls: 'off' } };
  pipeline.configure(refused);
  const plain = await pipeline.launch('capture');
  expect(await plain.process.ended).toMatchObject({ code: 69 });
  expect(plain.process.output).toContain('ER_ACCESS_DENIED_ERROR');

  const tls = { rejectUnauthorized: false };
  pipeline.configure({ source: { ...source, tls } });
  await pipeline.start('capture', 'sink-redis', 'sink-elasticsearch');
  const target = await pipeline.launch('sink-mysql', { ...login, tls });
  await target.process.ready();
  await pipeline.database.run(
    "INSERT INTO items VALUES (3, 'three')",
    'UPDATE items SET name = NULL WHERE id = 1',
  );
  const { rows } = await pipeline.converged();
  expect(rows).toBe(3);
});
