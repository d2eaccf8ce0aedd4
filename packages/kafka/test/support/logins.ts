import { parseConfig, type KafkaConfig } from '@sluice/runtime';
import { kafkaClient } from '../../src/index.ts';
import { SILENT } from './broker.ts';

/** The section as a file has it, of a broker on this host. @param more beside its address */
export function configOf(port: number, more: object): KafkaConfig {
  const kafka = { brokers: [`127.0.0.1:${port}`], clientId: 'sluice-test', ...more };
  const source = { host: 'db', user: 'u', tables: ['a.b'] };
  return parseConfig(JSON.stringify({ pipeline: 'test', source, kafka }), {}).kafka;
}

/** Logs in as consumers, groups and topics do: by kafkajs. Throws what it throws. */
export async function administering(kafka: KafkaConfig): Promise<void> {
  const admin = kafkaClient(kafka, SILENT).admin();
  try {
    await admin.connect();
    await admin.listTopics();
  } finally {
    await admin.disconnect();
  }
}
