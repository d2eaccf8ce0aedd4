import type { Switchover, SwitchoverEnd, SwitchoverOrder } from '@sluice/capture/switchover';
import { sourceHistory } from '@sluice/ops-api';
import { call, CallFailed, type Call } from '@sluice/ops-api/client';
import { wordsOf, type SluiceConfig } from '@sluice/runtime';
import { audited } from './audited.ts';
import { captureControl } from './capture-control.ts';
import { CommandFailed } from './command-failed.ts';
import type { CommandLine, PipelineCommand } from './command.ts';
import { whoIsIt } from './dead-letters.ts';
import { serverAddress } from './host-port.ts';
import { interruption } from './interruption.ts';
import { importCapture } from './optional-packages.ts';
import { SERVICE_OPTIONS } from './options.ts';
import { serviceOf } from './ops-url.ts';
import { show, type Screen } from './screen.ts';
import { UsageError } from './usage-error.ts';
import { loginOf } from './writer-login.ts';

const WAIT_SECONDS = 60;
const WAIT_MAX = 3600;

export const sourceSwitchoverCommand: PipelineCommand = {
  name: 'source switchover',
  options: [
    'to',
    'from',
    'dry-run',
    'take-back',
    'wait',
    'user',
    'password-file',
    ...SERVICE_OPTIONS,
    'by',
    'reason',
  ],
  help: 'make a replica the source, and let capture read it; what fails is taken back',
  connects: 'source',
  run: switchover,
};

async function switchover(line: CommandLine, config: SluiceConfig, screen: Screen): Promise<boolean> {
  const { values } = line;
  const isBack = values.flag('take-back');
  if (isBack && values.flag('dry-run')) throw new UsageError('--take-back and --dry-run exclude each other');
  const to = serverAddress('to', values.needed('to'));
  const from = values.text('from');
  const capture = serviceOf(config, ['capture'], values);
  const by = whoIsIt(values);
  const reason = values.text('reason') ?? 'sluice source switchover';
  const order: SwitchoverOrder = {
    config,
    old: from === undefined ? await oldSource(capture, to, config) : serverAddress('from', from),
    to,
    login: await loginOf(values),
    capture: captureControl(capture, { by, reason }),
    waitMs: (values.wholeNumber('wait', 1, WAIT_MAX) ?? WAIT_SECONDS) * 1000,
    ask: (text) => screen.say(`run this, the account may not: ${text}`),
    tell: (text) => screen.say(text),
    isBack,
    onStep: () => undefined,
  };
  return values.flag('dry-run') ? plan(order, screen) : perform(order, by, screen);
}

/**
 * The server that capture reads; where it reads the new one already, the one before. Throws CommandFailed, also for one that the file does
 * not name: the login of the source goes to no address that only a page has told.
 */
async function oldSource(
  capture: Call,
  { host, port }: SwitchoverOrder['to'],
  { source: { hosts } }: SluiceConfig,
): Promise<SwitchoverOrder['old']> {
  const to = `${host}:${port}`;
  const { server, switches } = await call(capture, sourceHistory, {}).catch((error: unknown) => {
    if (error instanceof CallFailed && error.isMisdirected) throw error;
    const why = wordsOf(error);
    throw new CommandFailed(
      `capture does not tell which source it reads (${why}): name the old one by --from`,
    );
  });
  const old = server === to ? (switches.at(-1)?.from?.address ?? null) : server;
  if (old === null)
    throw new CommandFailed(
      `capture reads ${to} already, and which source was read before is not known: name it by --from`,
    );
  const known = hosts.find((each) => `${each.host}:${each.port}` === old);
  if (known === undefined)
    throw new CommandFailed(
      `capture says that it reads ${old}, which source.hosts does not name: name the old source by --from`,
    );
  return known;
}

/** True when nothing keeps the switchover from beginning. */
async function plan(order: SwitchoverOrder, screen: Screen): Promise<boolean> {
  const { MEANINGS, planSwitchover, STEPS } = await importCapture(() => import('@sluice/capture/switchover'));
  const findings = await planSwitchover(order);
  const steps = STEPS.map((step) => ({ step, does: MEANINGS[step] }));
  const { from, to } = addressesOf(order);
  show(
    screen,
    { from, to, ...findings, steps },
    ['STEP', 'WHAT IT DOES'],
    steps.map(({ step, does }) => [step, does]),
  );
  for (const warning of findings.warnings) screen.say(`warning: ${warning}`);
  for (const problem of findings.problems) screen.say(`not possible: ${problem}`);
  if (findings.behind !== '') screen.say(`the new source has still to get ${findings.behind}`);
  if (findings.problems.length > 0) return false;
  screen.say(`dry run: ${to} can take the place of ${from}`);
  return true;
}

async function perform(order: SwitchoverOrder, by: string, screen: Screen): Promise<boolean> {
  const { MEANINGS, switchOver } = await importCapture(() => import('@sluice/capture/switchover'));
  const { from, to } = addressesOf(order);
  const onStep: SwitchoverOrder['onStep'] = (step) => screen.say(`${step}: ${MEANINGS[step]}`);
  const { isBack } = order;
  const stop = interruption(process);
  try {
    const audit = {
      config: order.config,
      command: 'source switchover',
      order: { by, from, to, isBack },
      screen,
    };
    await audited(audit, async () => {
      const ended = await switchOver({ ...order, onStep }, stop.signal);
      show(screen, { from, to, ...ended.end, steps: ended.steps, gapMs: ended.gapMs }, [], []);
      const trouble = troubleOf(ended.end, isBack);
      if (trouble !== null) throw new CommandFailed(trouble);
      tell(order, ended, screen);
    });
    return true;
  } finally {
    stop.forget();
  }
}

/** Why the order was not obeyed; null when it was. */
function troubleOf(end: Switchover, isBack: boolean): string | null {
  switch (end.kind) {
    case 'done':
      return isBack ? 'the new source is the source already' : null;
    case 'undone':
      return isBack ? null : `${end.why}. All is as it was before`;
    case 'refused':
      return `${end.why}. Nothing was changed`;
    case 'stuck':
      return `${end.why}. A person has to look: docs/switchover.md`;
    default:
      return end.kind;
  }
}

function tell(order: SwitchoverOrder, { end, gapMs }: SwitchoverEnd, screen: Screen): void {
  const { from, to } = addressesOf(order);
  if (end.kind === 'undone') return screen.say(`${from} is the source, as before`);
  const gap = gapMs === null ? '' : `; no server took writes for ${gapMs} ms`;
  screen.say(`${to} is the source${gap}`);
  screen.say(`if read_only or super_read_only stands in the option files of ${to}, take it out of them`);
  screen.say(
    `${from} is read-only until it is started again: set read_only in its files, and let it replicate from ${to}`,
  );
}

function addressesOf({ old, to }: SwitchoverOrder): { readonly from: string; readonly to: string } {
  return { from: `${old.host}:${old.port}`, to: `${to.host}:${to.port}` };
}
