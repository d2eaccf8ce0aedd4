import { sourceHistory, type SourceSwitch } from '@sluice/ops-api';
import { call } from '@sluice/ops-api/client';
import type { SluiceConfig } from '@sluice/runtime';
import type { CommandLine, PipelineCommand } from './command.ts';
import { SERVICE_OPTIONS } from './options.ts';
import { serviceOf } from './ops-url.ts';
import { show, type Cell, type Screen } from './screen.ts';

const HEADINGS = ['AT', 'FROM', 'TO', 'GENERATION', 'BY', 'WHY'];

export const sourceHistoryCommand: PipelineCommand = {
  name: 'source history',
  options: [...SERVICE_OPTIONS],
  help: 'which source servers were read, since when, by whose order and why',
  connects: 'nothing',
  run: history,
};

async function history({ values }: CommandLine, config: SluiceConfig, screen: Screen): Promise<boolean> {
  const told = await call(serviceOf(config, ['capture'], values), sourceHistory, {});
  show(screen, told, HEADINGS, told.switches.map(rowOf));
  screen.say(`${told.server} is read`);
  return true;
}

function rowOf({ at, from, to, generation, by, why }: SourceSwitch): readonly Cell[] {
  return [
    new Date(at).toISOString(),
    from === null ? null : placeText(from),
    placeText(to),
    String(generation),
    by ?? 'capture',
    why,
  ];
}

function placeText({ address, server, file, position }: SourceSwitch['to']): string {
  return `${address ?? server} ${file}:${position}`;
}
