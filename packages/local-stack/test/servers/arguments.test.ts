import { describe, expect, test } from 'vitest';
import { createAccountStatements } from '../../src/servers/accounts.ts';
import { elasticsearchSettings } from '../../src/servers/elasticsearch-server.ts';
import { serverProperties } from '../../src/servers/kafka-server.ts';
import { mariadbdArguments } from '../../src/servers/mariadb-server.ts';
import { mysqldArguments } from '../../src/servers/mysql-server.ts';
import { redisArguments } from '../../src/servers/redis-server.ts';

const run = { program: '/programs/x', folder: '/runs/r/x', port: 20_001, innerPort: 20_002, flags: [] };

describe('mysqld', () => {
  test('as a source writes what capture needs', () => {
    const args = mysqldArguments(run, 'source');
    expect(args[0]).toBe('--no-defaults'); // must come first
    expect(args).toEqual(
      expect.arrayContaining([
        '--port=20001',
        '--bind-address=127.0.0.1',
        '--datadir=/runs/r/x/data',
        '--tmpdir=/runs/r/x/tmp',
        '--gtid-mode=ON',
        '--enforce-gtid-consistency=ON',
        '--binlog-format=ROW',
        '--binlog-row-image=FULL',
        '--binlog-row-metadata=FULL',
      ]),
    );
  });

  test('as a target writes no binlog', () => {
    const args = mysqldArguments(run, 'target');
    expect(args).toContain('--skip-log-bin');
    expect(args.some((flag) => flag.startsWith('--gtid'))).toBe(false);
  });

  test('takes the user’s flags last, where they win', () => {
    const flags = ['--binlog-format=STATEMENT', '--binlog-group-commit-sync-delay=1000'];
    expect(mysqldArguments({ ...run, flags }, 'source').slice(-2)).toEqual(flags);
    expect(mariadbdArguments({ ...run, flags }).slice(-2)).toEqual(flags);
  });
});

test('mariadbd writes what capture needs', () => {
  expect(mariadbdArguments(run)).toEqual(
    expect.arrayContaining([
      '--tmpdir=/runs/r/x/tmp',
      '--binlog-row-metadata=FULL',
      '--gtid-strict-mode=ON',
      '--log-bin=binlog',
    ]),
  );
});

test('Kafka is one KRaft node that creates no topics by itself', () => {
  const lines = serverProperties('/runs/r/kafka/data', { ...run, flags: ['num.io.threads=8'] }).split('\n');
  expect(lines).toEqual(
    expect.arrayContaining([
      'process.roles=broker,controller',
      'controller.quorum.voters=1@127.0.0.1:20002',
      'advertised.listeners=PLAINTEXT://127.0.0.1:20001',
      'auto.create.topics.enable=false',
      'transaction.state.log.replication.factor=1',
      'group.initial.rebalance.delay.ms=0',
    ]),
  );
  expect(lines.lastIndexOf('num.io.threads=8')).toBeGreaterThan(lines.indexOf('num.io.threads=4'));
});

test('a line for Kafka may name the ports that are not known before', () => {
  const flags = ['listeners=A://127.0.0.1:{port},B://127.0.0.1:{innerPort},C://127.0.0.1:9'];
  const lines = serverProperties('/runs/r/kafka/data', { ...run, flags }).split('\n');
  expect(lines).toContain('listeners=A://127.0.0.1:20001,B://127.0.0.1:20002,C://127.0.0.1:9');
});

test('Redis keeps nothing on disk', () => {
  const args = redisArguments({ ...run, flags: ['--maxmemory', '1mb'] });
  expect(args.join(' ')).toBe(
    '--bind 127.0.0.1 --port 20001 --dir /runs/r/x --save  --appendonly no --daemonize no --maxmemory 1mb',
  );
});

test('Elasticsearch listens on the loopback interface, without security', () => {
  const settings = elasticsearchSettings(run).split('\n');
  expect(settings).toEqual(
    expect.arrayContaining([
      'network.host: 127.0.0.1',
      'http.port: 20001',
      'transport.port: 20002',
      'xpack.security.enabled: false',
    ]),
  );
});

test('accounts are one statement a line, as an init file needs', () => {
  for (const flavour of ['mysql', 'mariadb'] as const) {
    for (const statement of createAccountStatements(flavour)) expect(statement).toMatch(/^[^\n]+;$/);
  }
  expect(createAccountStatements('mysql')[1]).toContain('IDENTIFIED WITH caching_sha2_password BY');
});
