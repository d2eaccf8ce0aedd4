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

/** Only the quick one of Java's two compilers: for what ends before the thorough one has paid for itself. */
export const QUICK_COMPILER = '-XX:TieredStopAtLevel=1';

/**
 * Garbage collector and compiler of a server. With `SLUICE_STACK_SHORT_LIVED=1`, as the tests set it, what costs least in the
 * first minutes: half of the processor time of a server that is loaded lightly.
 */
export function serverOptions(env: NodeJS.ProcessEnv): string[] {
  return env['SLUICE_STACK_SHORT_LIVED'] === '1' ? ['-XX:+UseSerialGC', QUICK_COMPILER] : ['-XX:+UseG1GC'];
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
