import {
  SINK_NAMES,
  type PipelineProcess,
  type ServiceName,
  type SinkPipeline,
} from '../pipelines/sink-pipeline.ts';
import { sluice } from '../processes/sluice-command.ts';
import { runbookOf } from './runbook.ts';

export interface PlayedWith {
  /** Folder of the backup. */
  readonly backup?: string;
  /** One that runs already: the operator's file names its address. */
  readonly capture?: PipelineProcess | undefined;
}

export interface Played {
  /** Services that the runbook has started. */
  readonly started: readonly PipelineProcess[];
  /** What the commands said, by line. */
  readonly said: ReadonlyMap<string, string>;
}

/**
 * Carries out the commands of a section of docs/disaster-recovery.md, those about SINK for each sink; throws when one does not
 * exit with 0, or a service does not become ready.
 */
export async function playRunbook(
  title: string,
  pipeline: SinkPipeline,
  { backup = '', capture }: PlayedWith = {},
): Promise<Played> {
  const { configFile } = capture ?? (await pipeline.writeConfig('operator'));
  const started: PipelineProcess[] = [];
  const said = new Map<string, string>();
  const operatorsFile = (): string =>
    started.find(({ name }) => name === 'capture')?.configFile ?? configFile;
  for (const line of runbookOf(title)) {
    const [program, verb, name] = line.split(' ');
    if (program === 'redis-cli')
      await pipeline.stores.redis.set(`sluice:marker:${pipeline.name}.redis`, 'filled again');
    else if (verb === 'capture') started.push(await launched(pipeline, 'capture', line.split(' ').slice(2)));
    else if (verb === 'sink' && name === 'SINK')
      started.push(...(await Promise.all(SINK_NAMES.map((sink) => launched(pipeline, `sink-${sink}`, [])))));
    else
      for (const sink of line.includes('SINK') ? SINK_NAMES : ['']) {
        const filled = line.replace('SINK', sink).replace("'DATABASE.*'", `${pipeline.database.name}.*`);
        const words = filled
          .split(' ')
          .slice(1)
          .map((word) => (word === 'BACKUP' ? backup : word));
        const end = await sluice(operatorsFile(), words.slice(0, -1).join(' '), words.at(-1) ?? '');
        if (end.code !== 0) throw new Error(`${line} has ended with ${end.code}: ${end.said}`);
        said.set(line, end.said);
      }
  }
  return { started, said };
}

async function launched(
  pipeline: SinkPipeline,
  name: ServiceName,
  args: readonly string[],
): Promise<PipelineProcess> {
  const service = await pipeline.launch(name, {}, args);
  await service.process.ready();
  return service;
}
