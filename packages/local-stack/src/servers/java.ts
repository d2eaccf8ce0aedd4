import { PipelineError } from '@sluice/runtime';
import { requireProgram } from '../install/required-program.ts';
import { runProgram } from '../run-program.ts';

const OLDEST_MAJOR = 17;
const PURPOSE = `Kafka and Elasticsearch need Java ${OLDEST_MAJOR} or newer`;
const DEBIAN_PACKAGE = 'default-jre-headless';

export interface Java {
  readonly program: string;
  readonly home: string;
}

/** The `java` of JAVA_HOME, else of PATH; both Kafka 4 and Elasticsearch 8 need version 17 or newer. */
export async function findJava(env: NodeJS.ProcessEnv): Promise<Java> {
  const candidate = env['JAVA_HOME'] ? `${env['JAVA_HOME']}/bin/java` : 'java';
  if (!env['JAVA_HOME']) requireProgram('java', PURPOSE, DEBIAN_PACKAGE, env);
  const result = await runProgram(candidate, ['-XshowSettings:properties', '-version'], { env });
  const major = Number(/java\.specification\.version = (\d+)/.exec(result.output)?.[1] ?? 0);
  const home = /java\.home = (.+)/.exec(result.output)?.[1]?.trim();
  if (major < OLDEST_MAJOR || home === undefined) {
    const found = major === 0 ? 'cannot be run' : `is version ${major}`;
    throw new PipelineError(
      'STACK_TOOL_MISSING',
      `${candidate} ${found}: ${PURPOSE} (on Debian: apt-get install ${DEBIAN_PACKAGE})`,
    );
  }
  return { program: `${home}/bin/java`, home };
}
