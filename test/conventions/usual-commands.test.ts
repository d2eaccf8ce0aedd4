import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { usualCommands } from '../harness/usual-commands.ts';

/** What three operation manuals of such a pipeline ask for, block by block: docs/operations.md, "The usual commands", says what does it here. */

const ROOT = join(import.meta.dirname, '../..');

/** By procedure, the commands of its blocks. */
const ASKED: Readonly<Record<string, readonly string[]>> = {
  'start, stop, restart': ['deploy.sh start', 'deploy.sh status', 'stop', 'restart', 'docker stop -t 0'],
  logs: ['deploy.sh logs', 'docker logs --tail 100', 'error log', 'GC log', 'tail -f', 'logrotate'],
  'another configuration': ['`cp` of the configuration', 'Configuration loaded', 'syntax'],
  'first deployment': ['git clone', 'cp .env.example .env', 'build.sh docker', 'curl'],
  'production deployment': [
    'config/production.conf',
    '`push`',
    'docker pull',
    'docker-compose.prod.yml up -d',
  ],
  'several instances': ['docker-compose.instance1.yml'],
  health: ['GET /health', '/status', '/api/health/detailed', '/metrics'],
  metrics: ['cdc_binlog_lag_seconds', 'cdc_.*_rate', 'cdc_errors_total', 'cdc_queue_depth'],
  performance: ['docker stats', 'free', 'jstat', 'jstack'],
  'looking at the database': [
    'SHOW MASTER STATUS',
    'SHOW BINARY LOGS',
    'SHOW PROCESSLIST',
    'information_schema.tables',
  ],
  backup: ['deploy.sh backup', 'mysqldump', 'cdc_offsets', '`cp` of the configuration'],
  restore: ['restore FOLDER', 'mysql < FILE', 'COUNT(*)'],
  'another version': ['docker pull', '.version'],
  'another version of the database': [
    'docker-compose down',
    'up -d source-mysql target-mysql',
    'mysql --version',
  ],
  'rolling upgrade': ['docker-compose.new.yml', 'curl -f', 'docker-compose.old.yml down'],
  'a service that fails': ['docker ps', 'docker logs', 'docker stats', 'restart'],
  'sinks that are behind': ['.cdc.ingestTPS, .cdc.applyTPS', 'apply-workers', 'router-partitions'],
  'a database that does not answer': [
    '`ping`',
    'telnet',
    'iptables',
    'docker restart source-mysql',
    'mysql -h … -p',
  ],
  'out of memory': ['jmap -dump', 'JAVA_OPTS', 'MAT'],
  'DDL that blocks': ['/api/ddl/alerts', 'history', '/clear', 'the same DDL in the target'],
  'sinks that differ': ['COUNT(*)', 'NOT IN', 'clear the offsets'],
  daily: ['daily_maintenance.sh', '.cdc.errorRate', 'find … -delete'],
  weekly: ['weekly_maintenance.sh', 'df -h', 'mysqldumpslow', 'OPTIMIZE', 'ANALYZE'],
  monthly: ['monthly_maintenance.sh', 'performance test', 'capacity planning'],
  'rules of alerts': [
    'HighBinlogLag',
    'HighErrorRate',
    'ServiceDown',
    'HighActiveConnections',
    'HighQueryLatency',
    'PostgreSQLConnectionFailed',
  ],
  notification: ['alertmanager.yml'],
  'local deployment': ['-config FILE', 'make build', 'max_pool_size', 'connection_mode'],
  'in a container': ['docker build', 'docker run'],
  'on Kubernetes': [
    'kubectl create namespace',
    'create secret',
    'deployments/kubernetes/deployment.yaml',
    'kubectl get pods',
  ],
  dashboards: ['deployments/grafana/dashboard.json'],
  'connections that fail': ['netstat', 'psql', 'kubectl logs -f', 'active connections'],
  'slow queries': ['pg_stat_statements', 'pool_size', '`top`', 'iostat', 'vmstat'],
  'memory that grows': ['prepared_statements', 'kubectl top pod', 'pprof'],
  'statements that fail': ['query_error', 'sql_rewrite'],
  'connections that leak': ['pg_stat_activity', 'long transactions'],
  'limits of the system': ['limits.conf', 'sysctl'],
  'a crash': ['journalctl -u', 'rollout restart'],
  'a store that is away': ['pg_isready'],
  'high load': ['kubectl scale', 'rate_limit_per_second', 'unimportant tables'],
  'rollout of a version': ['wget', 'set image', 'rollout status'],
  'change of a ConfigMap': ['edit configmap', 'kubectl get configmap -o yaml', 'kubectl apply -f'],
  security: ['enable_tls', 'max_connections_per_ip', 'enable_query_log', 'CREATE USER'],
  'base images': ['`docker build` of base images'],
  release: ['make release', 'release.py', 'make docker-agent', 'docker push', 'docker image prune'],
  'deployment of an agent': ['docker-compose up -d', 'config.toml', 'my.cnf', 'etcd'],
  'monitoring of MySQL': ['pmm-admin config', 'pmm-admin add mysql'],
  switchover: ['/setReadOnly', '/changeMaster', '/setReadWrite'],
  failover: ['switch/{timestamp}', 'MyFlash', 'append'],
};

const rows = usualCommands();

test.each(Object.entries(ASKED))('%s: each of its commands has a row', (_, commands) => {
  const asked = rows.map(({ asked: left }) => left).join('\n');
  expect(commands.filter((command) => !asked.includes(command))).toEqual([]);
});

test('every row says what does it here', () => {
  expect(rows.length).toBeGreaterThan(60);
  expect(rows.filter(({ answer }) => answer === '')).toEqual([]);
});

test('every file and folder of the repository that an answer names is there', () => {
  const named = rows.flatMap(({ answer }) => [...answer.matchAll(/`((?:infra|scripts|docs)\/[\w./-]+)/gu)]);
  expect(named.length).toBeGreaterThan(8);
  expect(named.map(([, path = '']) => path).filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});

test('every metric that an answer names is one', () => {
  const page = ['docs/metrics.md', 'infra/prometheus/rules/recording.yml']
    .filter((path) => existsSync(join(ROOT, path)))
    .map((path) => readFileSync(join(ROOT, path), 'utf8'))
    .join('\n');
  const named = rows.flatMap(({ answer }) => [...answer.matchAll(/`(cdc_\w+)/gu)]);
  expect(named.map(([, name = '']) => name).filter((name) => !page.includes(name))).toEqual([]);
});
