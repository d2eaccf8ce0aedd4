import { chown, copyFile, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { PipelineError } from '@sluice/runtime';
import { DEATH_SIGNAL } from '../die-with-parent.ts';
import { downloadArtifact } from '../install/maven-artifacts.ts';
import { cachedFolder, type InstallerContext } from '../install/program-cache.ts';
import { lastLines, runProgram } from '../run-program.ts';
import { requireProgram } from '../install/required-program.ts';
import { findJava, QUICK_COMPILER, serverOptions } from './java.ts';
import { speaksTls } from './tls-handshake.ts';
import type { ServerDefinition, ServerRun } from './server.ts';

export const ELASTICSEARCH_VERSION = '8.19.21';
const ARTIFACT = {
  groupId: 'org.elasticsearch.distribution.integ-test-zip',
  artifactId: 'elasticsearch',
  version: ELASTICSEARCH_VERSION,
};
/** "nobody" on Debian (base-passwd): Elasticsearch refuses to run as root. */
const UNPRIVILEGED = 65_534;
const ANSWER_TIMEOUT_MS = 3_000;

export const ELASTICSEARCH: ServerDefinition = {
  title: 'Elasticsearch',
  install,
  prepare: async (run) => {
    const config = join(run.folder, 'config');
    await writeConfiguration(config, run);
    const files = run.flags.filter((flag) => flag.startsWith('@')).map((flag) => flag.slice(1));
    for (const file of files) await copyFile(file, join(config, basename(file)));
    for (const folder of ['data', 'logs', 'tmp']) await mkdir(join(run.folder, folder));
    const env = {
      ES_JAVA_HOME: (await findJava(run.env)).home,
      ES_PATH_CONF: config,
      // Of the program that starts the server and waits for it.
      CLI_JAVA_OPTS: QUICK_COMPILER,
      ES_TMPDIR: join(run.folder, 'tmp'),
      PATH: run.env['PATH'] ?? '',
      HOME: run.folder,
    };
    const settings = run.flags.filter((flag) => !flag.startsWith('@')).map((flag) => `-E${flag}`);
    const command = ['bash', join(run.program, 'bin/elasticsearch'), ...settings];
    const [program = '', ...args] = process.getuid?.() === 0 ? await unprivileged(run, command) : command;
    return { command: program, args, env, cwd: run.folder };
  },
  answers: async (host, port) => {
    const url = `http://${host}:${port}/_cluster/health?wait_for_status=yellow&timeout=1s`;
    const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) }).catch(() => null);
    await answer?.body?.cancel();
    // A server that asks for a login answers, too; so does one that speaks TLS, whatever certificate it asks for.
    return answer?.ok === true || answer?.status === 401 || (await speaksTls(host, port));
  },
};

export function elasticsearchSettings(run: Pick<ServerRun, 'folder' | 'port' | 'innerPort'>): string {
  return `cluster.name: sluice
node.name: node-1
discovery.type: single-node
network.host: 127.0.0.1
http.port: ${run.port}
transport.port: ${run.innerPort}
path.data: ${join(run.folder, 'data')}
path.logs: ${join(run.folder, 'logs')}
xpack.security.enabled: false
cluster.routing.allocation.disk.threshold_enabled: false
action.destructive_requires_name: false
`;
}

async function writeConfiguration(config: string, run: ServerRun): Promise<void> {
  await mkdir(config);
  await writeFile(join(config, 'elasticsearch.yml'), elasticsearchSettings(run));
  const options = ['-Xms512m', '-Xmx512m', ...serverOptions(run.env), '-XX:+ExitOnOutOfMemoryError'];
  // Elasticsearch refuses to start from a place below Java's temporary folder: a repository may lie in /tmp.
  const lines = [...options, `-Djava.io.tmpdir=${join(run.folder, 'tmp')}`];
  await writeFile(join(config, 'jvm.options'), `${lines.join('\n')}\n`);
  await writeFile(
    join(config, 'log4j2.properties'),
    `status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%c{1.}] %m%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
`,
  );
}

/**
 * Another user, who must still reach the programs wherever the repository lies (a home folder may be closed
 * to others): so it keeps the one capability that passes over file permissions (capabilities(7)).
 */
async function unprivileged(run: ServerRun, command: readonly string[]): Promise<string[]> {
  requireProgram('setpriv', 'Elasticsearch must not run as root', 'util-linux', run.env);
  for (const folder of ['.', 'config', 'data', 'logs', 'tmp']) {
    await chown(join(run.folder, folder), UNPRIVILEGED, UNPRIVILEGED);
  }
  // With no_setuid_fixup access(2), too, goes by that capability.
  const bits = ['--securebits', '+no_setuid_fixup'];
  const capability = [...bits, '--inh-caps', '+dac_override', '--ambient-caps', '+dac_override'];
  const user = ['--reuid', String(UNPRIVILEGED), '--regid', String(UNPRIVILEGED), '--clear-groups'];
  // A change of user clears the signal that every server is started with, hence it is set again.
  return ['setpriv', ...DEATH_SIGNAL, ...user, ...capability, ...command];
}

async function install(context: InstallerContext): Promise<{ program: string; template: null }> {
  await findJava(context.env);
  const program = await cachedFolder(
    `elasticsearch-${ELASTICSEARCH_VERSION}`,
    context,
    async (folder, installer) => {
      context.progress(`elasticsearch: downloading ${ELASTICSEARCH_VERSION} (Maven, about 105 MB)`);
      requireProgram('unzip', 'Elasticsearch comes as a zip file', 'unzip', context.env);
      const zip = await downloadArtifact(ARTIFACT, 'zip', installer.temporary, installer);
      const result = await runProgram('unzip', ['-q', zip, '-d', installer.temporary], {
        signal: context.signal,
      });
      if (!result.ok) {
        throw new PipelineError('STACK_DOWNLOAD_FAILED', `unzip failed: ${lastLines(result.output, 5)}`);
      }
      await rm(folder, { recursive: true });
      await rename(join(installer.temporary, `elasticsearch-${ELASTICSEARCH_VERSION}`), folder);
      await mkdir(join(folder, 'logs'), { recursive: true });
    },
  );
  return { program, template: null };
}
