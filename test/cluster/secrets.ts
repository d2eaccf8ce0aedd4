import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const INFRA = join(import.meta.dirname, '../../infra');
const read = (path: string): string => readFileSync(join(INFRA, path), 'utf8');
const random = (): string => randomBytes(24).toString('hex');

/** The Secrets of the servers and of the pipeline, with passwords of this run, by namespace. */
export function secretsOfRun(servers: string, pipeline: string): readonly object[] {
  const [source, target, redis, demo, token] = [random(), random(), random(), random(), random()];
  const demoAccount = `CREATE USER 'demo'@'%' IDENTIFIED BY '${demo}';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP ON \`shop\`.* TO 'demo'@'%';
`;
  const hash = createHash('sha256').update(token).digest('hex');
  return [
    secret(servers, 'mysql', { root: random(), sluice: source }),
    secret(servers, 'mysql-accounts', {
      '10-capture.sql': read('mysql/source/10-capture-account.sql'),
      '20-demo.sql': demoAccount,
    }),
    secret(servers, 'mysql-target', { root: random(), sluice: target }),
    secret(servers, 'mysql-target-accounts', { '10-sink.sql': read('mysql/target/10-sink-account.sql') }),
    secret(servers, 'redis', {
      'users.acl': read('redis/users.acl').replace('${SLUICE_REDIS_PASSWORD}', redis),
    }),
    secret(servers, 'shop', { demo }),
    secret(pipeline, 'sluice-capture', { 'source-password': source }),
    secret(pipeline, 'sluice-sink-redis', { 'redis-password': redis }),
    secret(pipeline, 'sluice-sink-mysql', { 'target-password': target }),
    secret(pipeline, 'sluice-tokens', { tokens: `cli admin ${hash}\n` }),
    secret(pipeline, 'sluice-cli', { token }),
  ];
}

function secret(namespace: string, name: string, stringData: Readonly<Record<string, string>>): object {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { namespace, name }, stringData };
}
