import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readSecret } from '../../src/config/secret-text.ts';
import { configPath, loadConfig, parseConfig } from '../../src/config/load.ts';
import { PipelineError } from '../../src/errors.ts';

const minimal = `
pipeline: shop
source: { host: db, user: cdc, tables: ['shop.*'] }
kafka: { brokers: ['k:9092'] }
`;

const directory = mkdtempSync(join(tmpdir(), 'sluice-config-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** The message of the refusal; fails when the configuration is accepted. */
function refusal(text: string, env: Record<string, string> = {}): string {
  try {
    parseConfig(text, env);
  } catch (error) {
    expect(error).toBeInstanceOf(PipelineError);
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
    return (error as PipelineError).message;
  }
  throw new Error('the configuration was accepted');
}

describe('defaults', () => {
  test('the smallest file gets every default, also those that come from another setting', () => {
    const config = parseConfig(minimal, {});
    expect(config.source).toMatchObject({
      server: 'shop',
      port: 3306,
      password: '',
      excludeTables: [],
      keys: {},
    });
    expect(config.source.serverId).toBeGreaterThanOrEqual(0x80000000);
    expect(config.source.serverId).toBeLessThanOrEqual(0xffffffff);
    expect(config.source.serverId).toBe(parseConfig(minimal, {}).source.serverId);
    expect(config.topics).toMatchObject({
      prefix: 'shop',
      partitions: 6,
      compression: 'zstd',
      retentionMs: 604_800_000,
    });
    expect(config.capture).toEqual({
      ops: { host: '127.0.0.1', port: 8080, metricsPort: 9090, allowedHosts: [], insecure: false },
      standby: { takeoverMs: 10_000 },
      hashKeyForm: 'ring',
      flushRows: 10_000,
      flushBytes: 8_388_608,
    });
    expect(config.sinks).toEqual({});
  });

  test('an empty section is a section', () => {
    expect(parseConfig(`${minimal}topics:\nsinks:\n  redis:\n`, {})).toMatchObject({
      topics: { partitions: 6 },
      sinks: { redis: {} },
    });
  });
});

describe('problems', () => {
  test('all are listed at once, each with its setting, what was found and the fix', () => {
    const message = refusal(
      `pipeline: Shop\nsource: { hots: db, user: cdc, tables: [], port: 99999 }\nkafka: { brokers: ['k:9092'] }\n` +
        `topics: { compression: snappy, partitions: '6x' }\n`,
    );
    expect(message).toMatch(/^7 problems in sluice\.yaml:/);
    expect(message).toContain('pipeline: found "Shop"; may hold lower-case letters');
    expect(message).toContain('source.hots: found an unknown setting; remove it, or: did you mean `host`?');
    expect(message).toContain('source.host: found nothing; give either `source.host` or `source.hosts`');
    expect(message).toContain('source.tables: found a list; must not be empty');
    expect(message).toContain('source.port: found 99999; must be at most 65535');
    expect(message).toContain('topics.compression: found "snappy"; must be one of zstd, lz4, gzip, none');
    expect(message).toContain('topics.partitions: found "6x"; must be a');
  });

  test('paths name list items and quoted names', () => {
    const message = refusal(minimal.replace("['shop.*']", "['shop.*', orders], keys: { 'shop.log': [] }"));
    expect(message).toContain('source.tables[1]: found "orders"; must be `database.table`');
    expect(message).toContain('source.keys["shop.log"]: found a list; must not be empty');
  });

  test('a secret in the wrong shape is not shown', () => {
    expect(refusal(minimal.replace('user: cdc', 'user: cdc, password: [hunter2]'))).not.toContain('hunter2');
    expect(
      refusal(minimal.replace('user: cdc', 'user: cdc, port: "${PORT}"'), { PORT: 'hunter2' }),
    ).toContain('source.port: found "${PORT}"; must be a number');
  });

  test('text that is not YAML gives the line', () => {
    expect(refusal('pipeline: shop\nsource: { host: [ }\n')).toMatch(/not YAML at line 2, column \d+:/);
    expect(refusal('pipeline: a\npipeline: b\n')).toMatch(/not YAML at line 2, column 1: .*unique/);
    expect(refusal('pipeline: p\nsource:\n  port: 1\n   user: u\n')).toMatch(
      /line 3.*; look at the indentation of this line and of the next$/,
    );
    expect(refusal('')).toContain('found no settings');
  });
});

describe('interpolation', () => {
  test('variables, defaults, files and the escape, in texts only', async () => {
    const file = join(directory, 'password');
    writeFileSync(file, 's3cret\n');
    const text = minimal
      .replace(
        'host: db',
        'host: "${HOST:-db}.${ZONE}", password: "${file:' + file + '}", server: "a-${EMPTY:-b}"',
      )
      .replace('cdc', () => '"$${x}"');
    const { source } = parseConfig(text, { ZONE: 'eu', EMPTY: '' });
    expect(source).toMatchObject({ host: 'db.eu', server: 'a-b', user: '${x}' });
    expect(await readSecret(source.password)).toBe('s3cret');
  });

  test('numbers, truths and lists may come as text', () => {
    const text = minimal
      .replace("['k:9092']", "'${BROKERS}'")
      .replace('host: db', "host: db, port: '${PORT}', tls: { rejectUnauthorized: '${VERIFY}' }");
    const config = parseConfig(text, { BROKERS: 'a:1, b:2', PORT: '3307', VERIFY: 'false' });
    expect(config.kafka.brokers).toEqual(['a:1', 'b:2']);
    expect(config.source).toMatchObject({ port: 3307, tls: { rejectUnauthorized: false } });
  });

  test('a missing variable or file is a problem of its setting, once', () => {
    const message = refusal(minimal.replace('host: db', 'host: "${DB_HOST}", password: "${file:/no/such}"'));
    expect(message).toMatch(/^2 problems/);
    expect(message).toContain('source.host: found ${DB_HOST}; set the environment variable DB_HOST');
    expect(message).toContain(
      'source.password: found ${file:/no/such}; make the file readable (reading it gave ENOENT)',
    );
  });
});

describe('environment overrides', () => {
  test('win over the file and reach into sections that only a sink knows', () => {
    const config = parseConfig(minimal, {
      SLUICE__SOURCE__SERVER_ID: '7',
      SLUICE__SOURCE__PASSWORD: '12345',
      SLUICE__KAFKA__BROKERS: 'x:1,y:2',
      SLUICE__CAPTURE__OPS__METRICS_PORT: '0',
      SLUICE__SINKS__REDIS__BATCH_RECORDS: '10',
      SLUICE_CONFIG: 'is no override',
    });
    expect(config.source).toMatchObject({ serverId: 7, password: '12345' });
    expect(config.kafka.brokers).toEqual(['x:1', 'y:2']);
    expect(config.capture.ops.metricsPort).toBe(0);
    expect(config.sinks).toEqual({ redis: { batchRecords: '10' } });
  });

  test('one that names no setting is a problem, with the nearest name', () => {
    const message = refusal(minimal, { SLUICE__SOURCE__HOTS: 'x', SLUICE__NONSENSE: 'y' });
    expect(message).toContain(
      'SLUICE__SOURCE__HOTS: found a variable that names no setting; did you mean SLUICE__SOURCE__HOST?',
    );
    expect(message).toContain('SLUICE__NONSENSE: found a variable that names no setting; unset it');
  });

  test('a wrong value is reported by its variable, not shown', () => {
    expect(refusal(minimal, { SLUICE__SOURCE__PORT: 'hunter2' })).toContain(
      'source.port: found the value of SLUICE__SOURCE__PORT; must be a number',
    );
  });
});

describe('the file', () => {
  test('is named by --config, else SLUICE_CONFIG, else sluice.yaml', () => {
    expect(configPath(['--config', 'a.yaml'], { SLUICE_CONFIG: 'b.yaml' })).toBe('a.yaml');
    expect(configPath(['--config=a.yaml'], {})).toBe('a.yaml');
    expect(configPath([], { SLUICE_CONFIG: 'b.yaml' })).toBe('b.yaml');
    expect(configPath([], {})).toBe('sluice.yaml');
    expect(() => configPath(['--config'], {})).toThrow('needs the name of a file');
  });

  test('is read from disk; one that is missing is a problem of the configuration', () => {
    const file = join(directory, 'sluice.yaml');
    writeFileSync(file, minimal);
    expect(loadConfig(file, {}).pipeline).toBe('shop');
    expect(() => loadConfig(join(directory, 'none.yaml'), {})).toThrow(/cannot read the configuration file/);
  });
});
