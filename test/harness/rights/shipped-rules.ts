import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import kafkajs, { type AclEntry } from 'kafkajs';

/** The rights that `infra` ships, for a pipeline and a database of another name than `shop`. */

const INFRA = join(import.meta.dirname, '..', '..', '..', 'infra');
const run = promisify(execFile);

/** @param file below `infra/mysql` @param names what stands for a quoted name of the file */
export async function shippedStatements(
  file: string,
  names: Readonly<Record<string, string>>,
): Promise<string[]> {
  const text = await readFile(join(INFRA, 'mysql', file), 'utf8');
  const statements = text.replaceAll(/^--.*$/gm, '').split(';');
  return statements
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '')
    .map((statement) => renamed(statement, names));
}

/** Lines of `users.acl`, for another database than `shop`. */
export async function shippedRedisUsers(database: string, password: string): Promise<string[]> {
  const text = await readFile(join(INFRA, 'redis', 'users.acl'), 'utf8');
  const own = text.replace('${SLUICE_REDIS_PASSWORD}', password).replace('~shop.*', `~${database}.*`);
  return own.split('\n').filter((line) => line !== '');
}

export interface ElasticsearchRole {
  readonly cluster: readonly string[];
  readonly indices: readonly { readonly names: readonly string[]; readonly privileges: readonly string[] }[];
}

/** @param prefix `sinks.elasticsearch.indexPrefix` @param file below `infra/elasticsearch` */
export async function shippedRole(
  prefix: string,
  database: string,
  file = 'role.json',
): Promise<ElasticsearchRole> {
  const text = await readFile(join(INFRA, 'elasticsearch', file), 'utf8');
  const role = JSON.parse(text) as ElasticsearchRole;
  const nameOf = (name: string): string => `${prefix}${name.replace(/^shop\./, `${database}.`)}`;
  return { ...role, indices: role.indices.map((index) => ({ ...index, names: index.names.map(nameOf) })) };
}

/** What `acls.sh` would have kafka-acls.sh add. @param rebuilt sinks that the command may rebuild @param drills whether it may restore beside the pipeline */
export async function shippedKafkaRules(
  pipeline: string,
  database: string,
  rebuilt: readonly string[] = [],
  drills = false,
): Promise<AclEntry[]> {
  const env = {
    ...process.env,
    KAFKA_ACLS: 'echo',
    SLUICE_PIPELINE: pipeline,
    SLUICE_DATABASES: database,
    SLUICE_REBUILT: rebuilt.join(' '),
    SLUICE_DRILLS: drills ? 'yes' : 'no',
  };
  const script = join(INFRA, 'kafka', 'acls.sh');
  const { stdout } = await run('sh', [script, '--bootstrap-server', 'none:9092'], { env });
  return stdout.trim().split('\n').flatMap(entriesOf);
}

const RESOURCES = {
  '--topic': kafkajs.AclResourceTypes.TOPIC,
  '--group': kafkajs.AclResourceTypes.GROUP,
  '--transactional-id': kafkajs.AclResourceTypes.TRANSACTIONAL_ID,
} as const;
const OPERATIONS: Readonly<Record<string, number>> = {
  Create: kafkajs.AclOperationTypes.CREATE,
  Delete: kafkajs.AclOperationTypes.DELETE,
  DescribeConfigs: kafkajs.AclOperationTypes.DESCRIBE_CONFIGS,
  Read: kafkajs.AclOperationTypes.READ,
  Write: kafkajs.AclOperationTypes.WRITE,
};

/** One entry for each operation of a call. */
function entriesOf(call: string): AclEntry[] {
  const words = call.split(' ');
  const after = (name: string): string => {
    const value = words[words.indexOf(name) + 1];
    if (!words.includes(name) || value === undefined) throw new Error(`no ${name} in: ${call}`);
    return value;
  };
  const [option, resourceType] =
    Object.entries(RESOURCES).find(([name]) => words.includes(name)) ?? missing(call);
  const operations = words.flatMap((word, at) => (word === '--operation' ? [words[at + 1] ?? ''] : []));
  return operations.map((name) => ({
    principal: after('--allow-principal'),
    host: '*',
    resourceType,
    resourceName: after(option),
    resourcePatternType:
      after('--resource-pattern-type') === 'prefixed'
        ? kafkajs.ResourcePatternTypes.PREFIXED
        : kafkajs.ResourcePatternTypes.LITERAL,
    operation: OPERATIONS[name] ?? missing(call),
    permissionType: kafkajs.AclPermissionTypes.ALLOW,
  }));
}

function missing(call: string): never {
  throw new Error(`unknown words in: ${call}`);
}

function renamed(text: string, names: Readonly<Record<string, string>>): string {
  return text.replaceAll(/[`'][^`']+[`']/g, (quoted) => {
    const other = names[quoted];
    return other === undefined ? quoted : `${quoted[0]}${other}${quoted[0]}`;
  });
}
