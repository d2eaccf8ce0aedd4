import type { ServiceName } from '../pipelines/sink-pipeline.ts';
import type { Scene } from './scene.ts';

/** Exit code of an error that comes back at every restart: docs/errors.md. */
const FIX_ME = 70;
const STOP_MS = 40_000;

/** The service ends by itself, asks to be mended and not restarted, and its last line names this error and this remedy. */
export async function stopsWith(
  scene: Scene,
  name: ServiceName,
  code: string,
  { remedy = '', withinMs = STOP_MS } = {},
): Promise<void> {
  const service = scene.service(name);
  await scene.sign(`${name} to stop`, () => !service.process.isRunning, withinMs);
  const last = service.log.at(-1);
  const told = `${last?.err?.message} ${last?.err?.fix}`;
  if (last?.exitCode !== FIX_ME || last.err?.code !== code || !told.includes(remedy))
    throw new Error(`it does not say what is wrong: ${service.process.lastLines()}`);
}
