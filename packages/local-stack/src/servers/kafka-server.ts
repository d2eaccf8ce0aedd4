import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PipelineError } from '@sluice/runtime';
import { installJars } from '../install/maven-artifacts.ts';
import { cachedFolder, type InstallerContext } from '../install/program-cache.ts';
import { lastLines, runProgram } from '../run-program.ts';
import { findJava, QUICK_COMPILER, serverOptions } from './java.ts';
import { brokersKnown } from './kafka-metadata.ts';
import type { ServerDefinition, ServerRun } from './server.ts';

export const KAFKA_VERSION = '4.3.1';
const CLUSTER_ID = 'c2x1aWNlLWxvY2FsLXN0YQ'; // base64url of 16 bytes, as Kafka's Uuid
const ARTIFACTS = [
  { groupId: 'org.apache.kafka', artifactId: 'kafka_2.13', version: KAFKA_VERSION },
  { groupId: 'org.slf4j', artifactId: 'slf4j-simple', version: '1.7.36' },
];

export const KAFKA: ServerDefinition = {
  title: 'Kafka',
  install,
  prepare: async (run) => {
    const data = join(run.folder, 'data');
    await cp(run.template ?? '', data, { recursive: true });
    const file = join(run.folder, 'server.properties');
    await writeFile(file, serverProperties(data, run));
    const args = [
      ...serverOptions(run.env),
      ...javaArguments(run.program),
      ...run.flags.filter(isJavaOption),
      'kafka.Kafka',
      file,
    ];
    return { command: (await findJava(run.env)).program, args, env: {}, cwd: run.folder };
  },
  answers: async (host, port) => (await brokersKnown(host, port)) > 0,
};

/**
 * `flags` are lines of server.properties ("num.io.threads=4"); a later line wins over an earlier one. `{port}` and
 * `{innerPort}` in them stand for the ports of clients and of the controller, which are not known before. One that begins with `-D` or `-X` is
 * an option of Java instead.
 */
export function serverProperties(data: string, run: Pick<ServerRun, 'port' | 'innerPort' | 'flags'>): string {
  const settings = [
    'process.roles=broker,controller',
    'node.id=1',
    `controller.quorum.voters=1@127.0.0.1:${run.innerPort}`,
    `listeners=PLAINTEXT://127.0.0.1:${run.port},CONTROLLER://127.0.0.1:${run.innerPort}`,
    `advertised.listeners=PLAINTEXT://127.0.0.1:${run.port}`,
    'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.listener.names=CONTROLLER',
    `log.dirs=${data}`,
    'auto.create.topics.enable=false',
    'offsets.topic.replication.factor=1',
    'transaction.state.log.replication.factor=1',
    'transaction.state.log.min.isr=1',
    'share.coordinator.state.topic.replication.factor=1',
    'share.coordinator.state.topic.min.isr=1',
    'offsets.topic.num.partitions=4',
    'transaction.state.log.num.partitions=4',
    'group.initial.rebalance.delay.ms=0',
    'log.cleaner.dedupe.buffer.size=16777216',
    'num.network.threads=2',
    'num.io.threads=4',
  ];
  const flags = run.flags
    .filter((flag) => !isJavaOption(flag))
    .map((flag) =>
      flag.replaceAll('{port}', String(run.port)).replaceAll('{innerPort}', String(run.innerPort)),
    );
  return `${[...settings, ...flags].join('\n')}\n`;
}

function isJavaOption(flag: string): boolean {
  return flag.startsWith('-D') || flag.startsWith('-X');
}

async function install(context: InstallerContext): Promise<{ program: string; template: string }> {
  const java = await findJava(context.env);
  const program = await cachedFolder(`kafka-${KAFKA_VERSION}`, context, (folder, installer) => {
    context.progress(`kafka: downloading ${KAFKA_VERSION} (Maven, about 45 MB)`);
    return installJars(ARTIFACTS, folder, installer);
  });
  const template = await cachedFolder(`kafka-${KAFKA_VERSION}-data`, context, async (folder, installer) => {
    const file = join(installer.temporary, 'server.properties');
    await writeFile(file, serverProperties(folder, { port: 1, innerPort: 2, flags: [] }));
    const args = [
      QUICK_COMPILER,
      ...javaArguments(program),
      'kafka.tools.StorageTool',
      'format',
      '-t',
      CLUSTER_ID,
      '-c',
      file,
    ];
    const result = await runProgram(java.program, args, { signal: context.signal });
    if (result.ok) return;
    throw new PipelineError('STACK_SERVER_FAILED', `kafka format failed: ${lastLines(result.output, 10)}`);
  });
  return { program, template };
}

function javaArguments(program: string): string[] {
  return [
    '-Xms256m',
    '-Xmx512m',
    '-XX:MaxGCPauseMillis=20',
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
    '-cp',
    `${program}/*`,
  ];
}
