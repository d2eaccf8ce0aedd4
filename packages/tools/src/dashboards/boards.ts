import { kafkaPanels, capturePanels } from './capture-panels.ts';
import type { PanelSpec } from './panel.ts';
import { overviewPanels, runtimePanels } from './service-panels.ts';
import { changePanels, sinkPanels } from './sink-panels.ts';

export interface Board {
  /** Never changes: links and bookmarks hold it. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly panels: readonly PanelSpec[];
}

export const BOARDS: readonly Board[] = [
  {
    uid: 'sluice-overview',
    title: 'Sluice: overview',
    description: 'Is all well, how far behind is each sink, how much flows.',
    panels: overviewPanels,
  },
  {
    uid: 'sluice-capture',
    title: 'Sluice: capture',
    description: 'From the binlog to Kafka.',
    panels: capturePanels,
  },
  {
    uid: 'sluice-sinks',
    title: 'Sluice: sinks',
    description: 'From Kafka to the stores.',
    panels: sinkPanels,
  },
  {
    uid: 'sluice-dead-letters',
    title: 'Sluice: dead letters and schema changes',
    description: 'What waits for a person.',
    panels: changePanels,
  },
  {
    uid: 'sluice-kafka-stores',
    title: 'Sluice: Kafka and stores',
    description: 'The servers around Sluice, as its services see them.',
    panels: kafkaPanels,
  },
  {
    uid: 'sluice-runtime',
    title: 'Sluice: runtime',
    description: 'The processes themselves.',
    panels: runtimePanels,
  },
];
