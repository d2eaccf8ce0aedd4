import { abortableDelay, createLogger, type SluiceConfig } from '@sluice/runtime';
import { captureSettings } from '../settings/capture-settings.ts';
import { InstancesTopic } from './instances-topic.ts';
import { LOOK_MS } from './times.ts';

/**
 * A capture of the pipeline that gives signs of life in this Kafka, as it calls itself; null when there is none. Where one has ended
 * without a word it waits `capture.standby.takeoverMs`, as a standby would. Throws a PipelineError when Kafka does not answer.
 */
export async function captureAlive(config: SluiceConfig, signal: AbortSignal): Promise<string | null> {
  const settings = captureSettings(config, [], createLogger('alive', { level: 'silent' }));
  const topic = new InstancesTopic(settings, signal);
  const patienceMs = config.capture.standby.takeoverMs;
  const endsAt = performance.now() + patienceMs;
  try {
    for (;;) {
      const fellows = await topic.look();
      const { leader } = fellows;
      const hasEnded = leader === null || leader.record.goodbye !== null;
      if (!hasEnded && leader.isHeard) return leader.record.instance;
      const [standby] = fellows.standbys(performance.now(), patienceMs);
      if (standby !== undefined) return standby.record.instance;
      if ((hasEnded && !fellows.hasStandbys) || performance.now() >= endsAt) return null;
      await abortableDelay(LOOK_MS, signal);
    }
  } finally {
    await topic.close();
  }
}
