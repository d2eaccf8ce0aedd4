import type { SluiceConfig } from '@sluice/runtime';
import type { CommandLine, PipelineCommand } from './command.ts';
import {
  captureFindings,
  kafkaFindings,
  serviceFindings,
  sourceFindings,
  storeFindings,
} from './doctor-checks.ts';
import { examined, tellFindings } from './findings.ts';
import { answersOf } from './pipeline-status.ts';
import type { Screen } from './screen.ts';

export const doctorCommand: PipelineCommand = {
  name: 'doctor',
  options: ['token-file', 'ca-file'],
  help: 'look at source, Kafka, stores and services; each thing that is wrong with its fix; changes nothing',
  connects: 'everything',
  run: doctor,
};

/** True when nothing is wrong, and all of it could be looked at. */
async function doctor({ values }: CommandLine, config: SluiceConfig, screen: Screen): Promise<boolean> {
  const sinks = Object.keys(config.sinks).map((sink) =>
    examined(`sink-${sink}`, () => storeFindings(sink, config)),
  );
  const findings = await Promise.all([
    examined('source', () => sourceFindings(config)),
    examined('capture', () => captureFindings(config)),
    examined('kafka', () => kafkaFindings(config)),
    ...sinks,
    examined('services', async () => serviceFindings(await answersOf(config, values))),
  ]);
  return tellFindings({ pipeline: config.pipeline }, findings.flat(), screen);
}
