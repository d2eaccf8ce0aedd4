import { setTimeout } from 'node:timers/promises';
import { handOver, showLeader, type Captures } from '@sluice/ops-api';
import { call, CallFailed, type Call } from '@sluice/ops-api/client';
import type { SluiceConfig } from '@sluice/runtime';
import type { CommandLine, PipelineCommand } from './command.ts';
import { CommandFailed } from './command-failed.ts';
import { whoIsIt } from './dead-letters.ts';
import { SERVICE_OPTIONS } from './options.ts';
import { serviceOf } from './ops-url.ts';
import { show, type Cell, type Screen } from './screen.ts';

const HEADINGS = ['CAPTURE', 'ROLE', 'STATE', 'SINCE', 'HOST', 'VERSION'];
const LOOK_MS = 250;
const PATIENCE_MS = 30_000;

export const captureLeaderCommand: PipelineCommand = {
  name: 'capture leader',
  options: [...SERVICE_OPTIONS],
  help: 'which capture of the pipeline streams, since when, and which stand by',
  connects: 'nothing',
  run: captureLeader,
};

/** Any of them knows them all. False when none streams. */
async function captureLeader(line: CommandLine, config: SluiceConfig, screen: Screen): Promise<boolean> {
  const captures = await call(captureOf(line, config), showLeader, {});
  showCaptures(screen, captures);
  return captures.leader?.isWell === true;
}

export const captureHandoverCommand: PipelineCommand = {
  name: 'capture handover',
  options: ['to', ...SERVICE_OPTIONS, 'by'],
  help: 'let a standby stream instead of the capture that does now',
  connects: 'nothing',
  run: captureHandover,
};

/** Resolves when another capture streams. Throws CommandFailed when that takes longer than half a minute. */
async function captureHandover(line: CommandLine, config: SluiceConfig, screen: Screen): Promise<boolean> {
  const { values } = line;
  const where = captureOf(line, config);
  const to = values.text('to') ?? null;
  const { from } = await call(where, handOver, { to, by: whoIsIt(values) });
  const until = performance.now() + PATIENCE_MS;
  while (performance.now() < until) {
    const captures = await nowOf(where);
    const leader = captures?.leader ?? null;
    if (captures !== null && leader !== null && leader.instance !== from && isStreaming(leader.state)) {
      showCaptures(screen, captures);
      screen.say(`${leader.instance} streams; ${from} stands by`);
      return true;
    }
    await setTimeout(LOOK_MS);
  }
  throw new CommandFailed(
    `no other capture streams after ${PATIENCE_MS / 1000} s: its log, and sluice capture leader, tell why`,
  );
}

function isStreaming(state: string): boolean {
  return state === 'streaming' || state === 'snapshot';
}

/** Null while it does not answer: behind one address there may be several. */
async function nowOf(where: Call): Promise<Captures | null> {
  try {
    return await call(where, showLeader, {});
  } catch (error) {
    if (error instanceof CallFailed) return null;
    throw error;
  }
}

function captureOf({ values }: CommandLine, config: SluiceConfig): Call {
  return serviceOf(config, ['capture'], values);
}

function showCaptures(screen: Screen, captures: Captures): void {
  const { leader, standbys } = captures;
  const row = (role: string, one: Captures['standbys'][number]): readonly Cell[] => {
    const { instance, state, since, host, version, isWell } = one;
    return [instance, role, isWell ? state : `${state}, in trouble`, since, host, version];
  };
  const rows = [
    ...(leader === null ? [] : [row('leader', leader)]),
    ...standbys.map((standby) => row('standby', standby)),
  ];
  show(screen, captures, HEADINGS, rows);
}
