import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TopicReader } from '@sluice/kafka';
import { Ajv2020 } from 'ajv/dist/2020.js';

const FILE = join(import.meta.dirname, '../../../packages/envelope/schema/envelope-v1.schema.json');
/** More of them tell nothing new. */
const EXAMPLES = 5;

/** What the committed JSON Schema says against records of these topics; tombstones have no envelope. */
export async function invalidEnvelopes(reader: TopicReader, topics: readonly string[]): Promise<string[]> {
  const schema = JSON.parse(readFileSync(FILE, 'utf8')) as Record<string, unknown>;
  const validate = new Ajv2020({ strict: false }).compile(schema);
  const found: string[] = [];
  for (const topic of topics) {
    await reader.readTopic(topic, {}, ({ value, partition, offset }) => {
      if (value === null || found.length >= EXAMPLES || validate(JSON.parse(value.toString()))) return;
      found.push(`${topic}-${partition}-${offset}: ${JSON.stringify(validate.errors)}`);
    });
  }
  return found;
}
