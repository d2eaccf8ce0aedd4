import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { controllerAnswers } from './kafka-metadata.ts';
import { KAFKA } from './kafka-server.ts';
import type { ServerDefinition } from './server.ts';

/** One process of a Kafka cluster. */
export interface KafkaNode {
  readonly id: number;
  readonly role: 'broker' | 'controller';
}

/** A node whose flags name its place in the cluster. Its data folder gets ids of its own: a controller refuses two brokers with one folder. */
export function kafkaNode({ id, role }: KafkaNode): ServerDefinition {
  return {
    ...KAFKA,
    title: `Kafka ${role} ${id}`,
    prepare: async (run) => {
      const launch = await KAFKA.prepare(run);
      const file = join(run.folder, 'data', 'meta.properties');
      await writeFile(file, ownIds(await readFile(file, 'utf8'), id));
      return launch;
    },
    answers: (host, port) => (role === 'broker' ? KAFKA.answers(host, port) : controllerAnswers(host, port)),
  };
}

/** @param properties of a freshly formatted folder (KIP-858): `node.id` and `directory.id`, 16 bytes as Kafka's Uuid */
function ownIds(properties: string, id: number): string {
  return properties
    .replace(/^node\.id=.*$/mu, `node.id=${id}`)
    .replace(/^directory\.id=.*$/mu, `directory.id=${randomBytes(16).toString('base64url')}`);
}
