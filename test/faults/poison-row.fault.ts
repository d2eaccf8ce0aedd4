import { Client } from '@elastic/elasticsearch';
import { Redis } from 'ioredis';
import { eventually } from '../harness/eventually.ts';
import type { FaultCase } from '../harness/faults/fault-case.ts';
import type { Scene } from '../harness/faults/scene.ts';
import { Session } from '../harness/faults/session.ts';
import { indexPrefix, TARGET_SUFFIX } from '../harness/faults/store-views.ts';
import { sluice } from '../harness/processes/sluice-command.ts';

const SINKS = ['redis', 'elasticsearch', 'mysql'] as const;
const ROWS = 31;
/** Each store refuses another row: a key of another type, a text where a number is expected, one too long for its column. */
const POISON = {
  redis: { id: 13, code: 'REDIS_WRONG_TYPE' },
  elasticsearch: { id: 9, code: 'ELASTICSEARCH_DOCUMENT_REFUSED' },
  mysql: { id: 5, code: 'MYSQL_VALUE_REFUSED' },
} as const;

export const fault: FaultCase = {
  title:
    'every store refuses one row, each another: exactly that row is a dead letter, its neighbours are applied; mended and replayed, none is left',
  recoverySeconds: 15,
  tables: ['parcel'],
  deadLetters: { redis: 1, elasticsearch: 1, mysql: 1 },
  pipeline: {},
  run: async (scene) => {
    const stores = new PoisonedStores(scene);
    await stores.poison();
    await scene.pipeline.source.run(`INSERT INTO parcel VALUES ${rows().join(', ')}`);
    for (const sink of SINKS) await expectLetter(scene, sink);
    for (const sink of SINKS) await expectNeighbours(scene, sink);
    await scene.flows();
    await stores.mend();
    for (const sink of SINKS) await replay(scene, sink);
    await stores.close();
  },
};

function rows(): string[] {
  return Array.from({ length: ROWS }, (_, index) => index + 2).map((id) => {
    const label = id === POISON.mysql.id ? 'a text of more than ten' : `label ${id}`;
    return `(${id}, '${label}', '${id === POISON.elasticsearch.id ? 'no number' : id}')`;
  });
}

/** What strangers do to the stores, and take back. */
class PoisonedStores {
  readonly #scene: Scene;
  readonly #redis: Redis;
  readonly #elasticsearch: Client;
  readonly #target: Session;
  readonly #index: string;

  constructor(scene: Scene) {
    const { name, servers } = scene.pipeline;
    this.#scene = scene;
    this.#redis = new Redis(servers.stack.redis.url);
    this.#elasticsearch = new Client({ node: servers.stack.elasticsearch.node });
    this.#target = new Session(servers.stack.targetMysql, `${name}${TARGET_SUFFIX}`);
    this.#index = `${indexPrefix(name)}${name}.parcel`;
  }

  async poison(): Promise<void> {
    const { source, name } = this.#scene.pipeline;
    const mappings = { properties: { code: { type: 'integer' as const } } };
    await this.#elasticsearch.indices.create({ index: this.#index, mappings });
    await source.run(
      'CREATE TABLE parcel (id INT NOT NULL PRIMARY KEY, label VARCHAR(40) NOT NULL, code VARCHAR(20) NOT NULL)',
      "INSERT INTO parcel VALUES (1, 'first', '1')",
    );
    for (const sink of SINKS)
      await this.#scene.sign(`the first row in ${sink}`, async () => {
        return (await this.#scene.pipeline.views[sink].read('parcel', [1])).has(1);
      });
    await this.#target.run('ALTER TABLE parcel MODIFY label VARCHAR(10) NOT NULL');
    await this.#redis.lpush(`${name}.parcel:${POISON.redis.id}`, 'not ours');
  }

  async mend(): Promise<void> {
    await this.#target.run('ALTER TABLE parcel MODIFY label VARCHAR(40) NOT NULL');
    await this.#redis.del(`${this.#scene.pipeline.name}.parcel:${POISON.redis.id}`);
    await this.#elasticsearch.indices.putMapping({
      index: this.#index,
      properties: { code: { type: 'integer', ignore_malformed: true } },
    });
  }

  async close(): Promise<void> {
    this.#target.close();
    this.#redis.disconnect();
    await this.#elasticsearch.close();
  }
}

async function expectLetter(scene: Scene, sink: keyof typeof POISON): Promise<void> {
  const { id, code } = POISON[sink];
  const listed = await eventually(`the dead letter of ${sink}`, async () => {
    const letters = await lettersOf(scene, sink);
    return letters.length > 0 && letters;
  });
  const told = listed.map(({ table, key, errorCode }) => `${table} ${key} ${errorCode}`).join(', ');
  const expected = `${scene.pipeline.name}.parcel {"id":${id}} ${code}`;
  if (told !== expected) throw new Error(`dead letters of ${sink}: ${told}; not ${expected}`);
}

async function expectNeighbours(scene: Scene, sink: keyof typeof POISON): Promise<void> {
  const wanted = Array.from({ length: ROWS + 1 }, (_, index) => index + 1).filter(
    (id) => id !== POISON[sink].id,
  );
  await scene.sign(`the neighbours in ${sink}`, async () => {
    const found = await scene.pipeline.views[sink].read('parcel', wanted);
    return found.size === wanted.length;
  });
}

/** As an operator does it; nothing is left after it. */
async function replay(scene: Scene, sink: keyof typeof POISON): Promise<void> {
  const { configFile } = scene.service(`sink-${sink}`);
  const { code, said } = await sluice(configFile, `dlq replay --sink ${sink} --yes --by operator`);
  if (code !== 0) throw new Error(`the replay of ${sink} says: ${said}`);
  if ((await lettersOf(scene, sink)).length > 0) throw new Error(`a dead letter of ${sink} is left`);
  await scene.sign(`${sink} to count no dead letter`, async () => {
    return (await scene.metric(`sink-${sink}`, 'cdc_dlq_depth', { sink })) === 0;
  });
}

interface Letter {
  readonly table: string;
  readonly key: string;
  readonly errorCode: string;
}

async function lettersOf(scene: Scene, sink: keyof typeof POISON): Promise<readonly Letter[]> {
  const { configFile } = scene.service(`sink-${sink}`);
  const { document } = await sluice(configFile, `dlq list --sink ${sink}`);
  return (document as { readonly letters: readonly Letter[] }).letters;
}
