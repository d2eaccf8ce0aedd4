import type { FaultCase } from '../harness/faults/fault-case.ts';
import { sluice } from '../harness/processes/sluice-command.ts';

const SINKS = ['redis', 'elasticsearch', 'mysql'] as const;

export const fault: FaultCase = {
  title: 'every sink is rewound to the beginning of its topics and applies everything once more',
  recoverySeconds: 60,
  run: async (scene) => {
    await Promise.all(
      SINKS.map(async (sink) => {
        const service = scene.service(`sink-${sink}`);
        await service.stop();
        const line = `sink rewind --sink ${sink} --to beginning --yes`;
        await scene.sign('the rewind', async () => (await sluice(service.configFile, line)).code === 0);
        await service.relaunch();
      }),
    );
    scene.over();
    await scene.flows(SINKS, 60_000);
    for (const sink of SINKS) {
      await scene.sign(`what ${sink} knows already to be stale`, async () => {
        const labels = { result: 'stale' };
        return (await scene.metric(`sink-${sink}`, 'cdc_sink_records_total', labels)) > 0;
      });
    }
  },
};
