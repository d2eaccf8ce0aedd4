import { PipelineError } from '@sluice/runtime';
import { isInstalled, runProgram } from '../run-program.ts';

const OLDEST_MAJOR = 17;

export interface Java {
  readonly program: string;
  readonly home: string;
}

/** The `java` of JAVA_HOME, else of PATH; both Kafka 4 and Elasticsearch 8 need version 17 or newer. */
export async function findJava(env: NodeJS.ProcessEnv): Promise<Java> {
  const candidate = env['JAVA_HOME'] ? `${env['JAVA_HOME']}/bin/java` : 'java';
  if (!env['JAVA_HOME'] && !isInstalled('java', env)) throw tooOld('`java` is not installed');
  const result = await runProgram(candidate, ['-XshowSettings:properties', '-version'], { env });
  const major = Number(/java\.specification\.version = (\d+)/.exec(result.output)?.[1] ?? 0);
  const home = /java\.home = (.+)/.exec(result.output)?.[1]?.trim();
  if (major < OLDEST_MAJOR || home === undefined) throw tooOld(`${candidate} is version ${major}`);
  return { program: `${home}/bin/java`, home };
}

function tooOld(reason: string): PipelineError {
  return new PipelineError(
    'STACK_TOOL_MISSING',
    `${reason}: Kafka and Elasticsearch need Java ${OLDEST_MAJOR} or newer (Debian: apt-get install default-jre-headless)`,
  );
}
