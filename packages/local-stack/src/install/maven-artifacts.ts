import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PipelineError } from '@sluice/runtime';
import { dyingWithParent } from '../die-with-parent.ts';
import { lastLines, runProgram } from '../run-program.ts';
import { CHECKSUMS } from './checksums.ts';
import { requireProgram } from './required-program.ts';
import { DOWNLOAD_TIMEOUT_MS, type Installer } from './program-cache.ts';
import { verifyFiles } from './verify-files.ts';

export interface MavenArtifact {
  readonly groupId: string;
  readonly artifactId: string;
  readonly version: string;
}

const DEPENDENCY_PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1';

/** Copies the artifacts and all they need at run time (jars) into `folder`. Throws STACK_DOWNLOAD_FAILED for a file of another checksum. */
export async function installJars(
  artifacts: readonly MavenArtifact[],
  folder: string,
  installer: Installer,
): Promise<void> {
  const pom = join(folder, 'pom.xml');
  await writeFile(pom, projectFile(artifacts));
  await maven(
    [
      '-f',
      pom,
      `${DEPENDENCY_PLUGIN}:copy-dependencies`,
      '-DincludeScope=runtime',
      `-DoutputDirectory=${folder}`,
    ],
    installer,
  );
  await verifyFiles(folder, '.jar', CHECKSUMS);
}

/** Copies one artifact alone into `folder` as `<artifactId>-<version>.<type>`. Throws STACK_DOWNLOAD_FAILED for a file of another checksum. */
export async function downloadArtifact(
  artifact: MavenArtifact,
  type: 'jar' | 'zip',
  folder: string,
  installer: Installer,
): Promise<string> {
  const { groupId, artifactId, version } = artifact;
  const coordinates = `${groupId}:${artifactId}:${version}:${type}`;
  await maven(
    [`${DEPENDENCY_PLUGIN}:copy`, `-Dartifact=${coordinates}`, `-DoutputDirectory=${folder}`],
    installer,
  );
  await verifyFiles(folder, `.${type}`, CHECKSUMS);
  return join(folder, `${artifactId}-${version}.${type}`);
}

async function maven(args: readonly string[], installer: Installer): Promise<void> {
  requireProgram('mvn', 'Kafka, Elasticsearch and Helm are fetched with Maven', 'maven', installer.env);
  // -C: a file that differs from its published checksum is an error, not a warning.
  const program = dyingWithParent('mvn', ['-q', '-B', '-C', ...args], installer.env);
  const result = await runProgram(program.command, program.args, {
    timeoutMs: DOWNLOAD_TIMEOUT_MS,
    cwd: installer.temporary,
    env: installer.env,
    signal: installer.signal,
  });
  if (!result.ok) {
    throw new PipelineError('STACK_DOWNLOAD_FAILED', `mvn failed: ${lastLines(result.output, 5)}`);
  }
}

function projectFile(artifacts: readonly MavenArtifact[]): string {
  const dependencies = artifacts.map(
    ({ groupId, artifactId, version }) =>
      `<dependency><groupId>${groupId}</groupId><artifactId>${artifactId}</artifactId><version>${version}</version></dependency>`,
  );
  return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>sluice</groupId><artifactId>local-stack</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>${dependencies.join('\n')}</dependencies></project>
`;
}
