import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parseConfig } from '@sluice/runtime';
import { missingSink, sinkMain, sinkSchemas } from '@sluice/sink-kit/installed';
import { configProblems, portClashes } from '../../src/operator/config-validate.ts';
import { spotProblems } from '../../src/operator/shared-spots.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-config-'));
afterAll(() => rmSync(folder, { recursive: true }));
const schemas = await sinkSchemas();
const base = "pipeline: p\nsource: { host: h, user: u, tables: ['*.*'] }\nkafka: { brokers: [a:1] }\n";

function problems(text: string, known = schemas): readonly string[] {
  const file = join(folder, 'sluice.yaml');
  writeFileSync(file, text);
  return configProblems(file, {}, known);
}

describe('config validate', () => {
  test('finds the schemas of all sinks', () => {
    expect(Object.keys(schemas)).toEqual(['elasticsearch', 'mysql', 'redis']);
  });

  test('has nothing to say of a good file', () => {
    expect(problems(`${base}sinks: { redis: {}, elasticsearch: {}, mysql: { host: h, user: u } }`)).toEqual(
      [],
    );
  });

  test('names what is wrong in every section at once', () => {
    const found = problems(`${base}sinks: { redis: { urll: x }, mysql: { port: 0 }, postgres: {} }`);
    expect(found).toHaveLength(3);
    expect(found[0]).toContain(
      'sinks.redis.urll: found an unknown setting; remove it, or: did you mean `url`?',
    );
    for (const setting of ['sinks.mysql.host', 'sinks.mysql.user', 'sinks.mysql.port'])
      expect(found[1]).toContain(setting);
    expect(found[2]).toBe(
      'sinks.postgres: there is no such sink; known types: elasticsearch, mysql, redis. One of your own is named by sinks.postgres.package',
    );
  });

  test('names what is wrong in the sections of sinks also where other settings are wrong', () => {
    const wrong = base.replace('tables', 'tabels');
    const found = problems(`${wrong}sinks: { redis: { urll: x }, mysql: { host: h, user: u } }`);
    expect(found).toEqual([
      expect.stringContaining('source.tabels: found an unknown setting'),
      expect.stringContaining('sinks.redis.urll: found an unknown setting'),
    ]);
  });

  test('a sink whose name begins that of another hides nothing', () => {
    const found = problems(`${base}sinks: { redis_b: { type: redis }, redis: { urll: x } }`);
    expect(found).toEqual([
      expect.stringContaining('sinks.redis_b: '),
      expect.stringContaining('sinks.redis.urll: found an unknown setting'),
    ]);
  });

  test('takes several sinks of a type, under any name', async () => {
    const text = `${base}sinks: { cache: { type: redis }, sessions: { type: redis, urll: x }, books: { type: bok } }`;
    const config = parseConfig(text, {});
    expect(sinkMain('cache', config)).toMatch(/sink-redis\/src\/main\.ts$/);
    expect(sinkMain('books', config)).toBeNull();
    const found = problems(text, await sinkSchemas(config));
    expect(found).toEqual([
      expect.stringContaining(
        'sinks.sessions.urll: found an unknown setting; remove it, or: did you mean `url`?',
      ),
      'sinks.books.type: found "bok"; known types: elasticsearch, mysql, redis. One of your own is named by sinks.books.package',
    ]);
  });

  test('refuses sinks that would meet in one place of a store', async () => {
    const found = async (sinks: string, more = ''): Promise<readonly string[]> => {
      const config = parseConfig(`${base}${more}sinks: { ${sinks} }`, {});
      return spotProblems(config, await sinkSchemas(config));
    };
    const redis = (name: string, rest = ''): string => `${name}: { type: redis ${rest} }`;
    expect(await found(`${redis('a')}, ${redis('b')}`)).toEqual([
      'sinks.b.keyPrefix: found *.* on 127.0.0.1:6379/0, a place that sinks.a has too; give one of the two another keyPrefix or server, or tables that the other does not take',
    ]);
    for (const apart of [
      redis('b', ', keyPrefix: "b:"'),
      redis('b', ', url: "redis://127.0.0.1:6379/1"'),
      redis('b', ', url: "redis://elsewhere"'),
    ])
      expect(await found(`${redis('a', ', tables: [shop.*], keyPrefix: "a:"')}, ${apart}`)).toEqual([]);
    const users = redis('a', ', tables: [shop.users]');
    expect(await found(`${users}, ${redis('b', ', tables: [shop.orders]')}`)).toEqual([]);
    expect(await found(`${users}, ${redis('b', ', excludeTables: [shop.u*]')}`)).toEqual([]);
    expect(
      await found(`${users}, ${redis('b', ', tables: [shop.us*], excludeTables: [shop.usage]')}`),
    ).toHaveLength(1);

    const index = (name: string, rest: string): string => `${name}: { type: elasticsearch, ${rest} }`;
    expect(await found(`${index('a', 'tables: [a.t]')}, ${index('b', 'tables: [A.T]')}`)).toEqual([
      expect.stringMatching(/^sinks\.b\.indexPrefix: found a\.t on http:\/\/127\.0\.0\.1:9200/),
    ]);
    expect(await found(`${index('a', 'indexPrefix: a-')}, ${index('b', 'indexPrefix: b-')}`)).toEqual([]);

    const mysql = (name: string, rest: string): string =>
      `${name}: { type: mysql, host: t, user: u, ${rest} }`;
    const canary = mysql('canary', 'tables: [shop.*], databases: { shop: canary }');
    expect(await found(`${canary}, ${mysql('live', 'tables: [shop.*]')}`)).toEqual([
      expect.stringMatching(
        /^sinks\.live\.stateDatabase: found sluice for shop\.\* on t:3306, a place that sinks\.canary has too/,
      ),
    ]);
    expect(await found(`${canary}, ${mysql('live', 'tables: [shop.*], stateDatabase: other')}`)).toEqual([]);
    const parts = `${mysql('a', 'tables: [shop.a]')}, ${mysql('b', 'tables: [shop.b]')}`;
    expect(await found(parts)).toEqual([]);
    expect(await found(parts, 'topics: { strategy: database }\n')).toEqual([
      expect.stringMatching(/^sinks\.b\.stateDatabase: /),
    ]);
    expect(
      await found(
        `${mysql('a', 'databases: { shop: x }')}, ${mysql('b', 'databases: { crm: X }, stateDatabase: y')}`,
      ),
    ).toEqual([expect.stringMatching(/^sinks\.b\.databases: /)]);
  });

  test('says what may be the name of a sink', () => {
    for (const name of ['Cache', '-a', 'a_b', 'capture', 'a'.repeat(64)])
      expect(problems(`${base}sinks: { ${name}: { type: redis } }`)).toEqual([
        expect.stringMatching(
          /the name may hold lower-case letters, digits and `-` \(not first\), at most 63, and is not `capture`/,
        ),
      ]);
  });

  test('names a package in which there is no sink', () => {
    const config = parseConfig(
      `pipeline: p
source: { host: h, user: u, tables: ['shop.*'] }
kafka: { brokers: ['k:9092'] }
sinks: { shelf: { package: ./nowhere } }`,
      {},
    );
    expect(missingSink('shelf', config)).toBe(
      'sinks.shelf.package: found "./nowhere", needs a folder or a package whose package.json exports ./main and ./config',
    );
  });

  test('names topics that the sinks of the file cannot read', () => {
    const topics = 'topics: { strategy: operation }\n';
    expect(problems(`${base}${topics}`)).toEqual([]);
    expect(problems(`${base}${topics}sinks: { redis: {} }`)).toEqual([
      expect.stringContaining('topics.strategy: found "operation"'),
    ]);
  });

  test('says which services could not run on one host; those that name no ports can', () => {
    const clashes = (sinks: string): readonly string[] =>
      portClashes(parseConfig(`${base}sinks: ${sinks}`, {})).map(({ text }) => text);
    expect(clashes('{ redis: {}, elasticsearch: {}, mysql: {} }')).toEqual([]);
    expect(clashes('{ redis: { ops: { port: 8080, metricsPort: 8082 } }, elasticsearch: {} }')).toEqual([
      'sinks.redis.ops.port is 8080, as capture.ops.port: on one host only one of them can have it',
      'sinks.elasticsearch.ops.port is 8082, as sinks.redis.ops.metricsPort: on one host only one of them can have it',
    ]);
    expect(clashes('{ redis: { ops: { port: 0, metricsPort: 0 } } }')).toEqual([]);
    const isCertain = (ops: string): readonly boolean[] =>
      portClashes(
        parseConfig(`${base}sinks: { a: { type: redis }, b: { type: redis, ops: { ${ops} } } }`, {}),
      ).map((clash) => clash.isCertain);
    expect(isCertain('')).toEqual([true, true]);
    // In a container of its own, and on a host that somebody names.
    expect(isCertain('host: 0.0.0.0, insecure: true, metricsPort: 1')).toEqual([false]);
    expect(isCertain("url: 'http://b:8081', metricsPort: 1")).toEqual([false]);
  });

  test('names what is wrong outside of them', () => {
    expect(problems('pipeline: P')[0]).toMatch(/problems in .*sluice\.yaml:\n {2}pipeline: found "P"/);
  });
});
