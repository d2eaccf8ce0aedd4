import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, type Stack } from '@sluice/local-stack';
import { ownServers } from '../own-servers.ts';
import type { Scope } from '../scope.ts';
import type { StoreServers } from '../sink-stores.ts';
import { shippedRedisUsers, shippedRole, type ElasticsearchRole } from './shipped-rules.ts';

/** Names of the principals that `infra/kafka/acls.sh` gives rights to, behind `sluice-`. */
export const PRINCIPALS = ['capture', 'redis', 'elasticsearch', 'mysql', 'command'] as const;
export type Principal = (typeof PRINCIPALS)[number];

/** The password of every account here. */
export const PASSWORD = 'Least-rights-7';

const ADMINISTRATOR = 'administrator';

export interface GuardedStack {
  /** Where tests ask as administrator: Kafka's other listener, Redis's unnamed user, a login in the address of Elasticsearch. */
  readonly stack: StoreServers & Pick<Stack, 'kafka'>;
  /** Without a login. */
  readonly elasticsearch: string;
  /** Of Kafka's listener that asks for a name. */
  readonly brokers: readonly string[];
}

/**
 * Kafka with its authorizer, Redis with the shipped user and Elasticsearch with the shipped role, beside the shared MySQL servers.
 * Kafka has no rules yet. @param database that the rights of the stores are about
 */
export async function guardedStack(scope: Scope, database: string): Promise<GuardedStack> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-rights-'));
  scope.defer(() => rm(folder, { recursive: true, force: true }));
  const put = async (name: string, lines: readonly string[]): Promise<string> => {
    await writeFile(join(folder, name), `${lines.join('\n')}\n`);
    return join(folder, name);
  };
  const [port = 0] = await freePorts(1);
  const users = (await shippedRedisUsers(database, PASSWORD)).filter(
    (line) => !line.startsWith('user default '),
  );
  const role = await shippedRole(`${database}-`, database);
  const roles = { sluice: role, ...lesserRoles(role) };
  const stack = await ownServers(
    scope,
    {
      kafka: kafkaFlags(port),
      redis: ['--aclfile', await put('users.acl', ['user default on nopass ~* &* +@all', ...users])],
      elasticsearch: [
        'xpack.security.enabled=true',
        'xpack.security.http.ssl.enabled=false',
        'xpack.security.transport.ssl.enabled=false',
        ...(await loginFiles(put, roles)),
      ],
    },
    ['mysql', 'target-mysql'],
  );
  const node = stack.elasticsearch.node;
  const asAdministrator = node.replace('://', `://${ADMINISTRATOR}:${PASSWORD}@`);
  return {
    stack: {
      kafka: stack.kafka,
      redis: stack.redis,
      targetMysql: stack.targetMysql,
      elasticsearch: { node: asAdministrator },
    },
    brokers: [`127.0.0.1:${port}`],
    elasticsearch: node,
  };
}

/** A second listener asks for a name; whoever comes by the first is a super user. */
function kafkaFlags(port: number): string[] {
  const users = PRINCIPALS.map((name) => `user_sluice-${name}="${PASSWORD}"`).join(' ');
  return [
    `listeners=PLAINTEXT://127.0.0.1:{port},CLIENTS://127.0.0.1:${port},CONTROLLER://127.0.0.1:{innerPort}`,
    `advertised.listeners=PLAINTEXT://127.0.0.1:{port},CLIENTS://127.0.0.1:${port}`,
    'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CLIENTS:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT',
    'listener.name.clients.sasl.enabled.mechanisms=PLAIN',
    `listener.name.clients.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required ${users};`,
    'authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users=User:ANONYMOUS',
  ];
}

/** The user who has the role without one of its privileges. */
export const withoutUser = (privilege: string): string => `without-${privilege}`;

function lesserRoles(role: ElasticsearchRole): Record<string, ElasticsearchRole> {
  const without = (all: readonly string[], one: string): string[] => all.filter((other) => other !== one);
  const privileges = [...role.cluster, ...role.indices.flatMap((index) => index.privileges)];
  const lesser = privileges.map((privilege): [string, ElasticsearchRole] => [
    withoutUser(privilege),
    {
      cluster: without(role.cluster, privilege),
      indices: role.indices.map((index) => ({
        ...index,
        privileges: without(index.privileges, privilege),
      })),
    },
  ]);
  return Object.fromEntries(lesser);
}

/** A user for each role, of the same name. JSON is YAML. */
async function loginFiles(
  put: (name: string, lines: readonly string[]) => Promise<string>,
  roles: Readonly<Record<string, ElasticsearchRole>>,
): Promise<string[]> {
  const hash = hashed(PASSWORD);
  const files = [
    put('roles.yml', [JSON.stringify(roles)]),
    put(
      'users',
      [...Object.keys(roles), ADMINISTRATOR].map((name) => `${name}:${hash}`),
    ),
    put('users_roles', [
      ...Object.keys(roles).map((name) => `${name}:${name}`),
      `superuser:${ADMINISTRATOR}`,
    ]),
  ];
  return (await Promise.all(files)).map((file) => `@${file}`);
}

/** As the file realm reads it (Elasticsearch guide, "File-based user authentication" and its password hashing algorithms). */
function hashed(password: string): string {
  const salt = randomBytes(32);
  const key = pbkdf2Sync(password, salt, 10_000, 32, 'sha512');
  return `{PBKDF2}10000$${salt.toString('base64')}$${key.toString('base64')}`;
}
