import { tableIdOf } from '@sluice/envelope';
import type { SluiceConfig } from '@sluice/runtime';
import { importPart } from '@sluice/sink-kit/installed';
import type { OpenRebuild, RebuildRecord, StoreRebuild } from '@sluice/sink-kit/rebuild';
import { audited } from '../operator/audited.ts';
import { CommandFailed } from '../operator/command-failed.ts';
import type { CommandLine, Done, PipelineCommand } from '../operator/command.ts';
import { sinkOf, whoIsIt } from '../operator/dead-letters.ts';
import type { OptionValues } from '../operator/option-values.ts';
import { withRunningPipeline } from '../operator/running-pipeline.ts';
import { show, type Screen } from '../operator/screen.ts';
import { UsageError } from '../operator/usage-error.ts';
import { BesideRebuild } from './rebuild-beside.ts';
import { cancelInPlace, rebuildInPlace } from './rebuild-in-place.ts';
import { rebuiltPlans, type RebuildParts } from './rebuild-order.ts';

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export const sinkRebuildCommand: PipelineCommand = {
  name: 'sink rebuild',
  options: [
    'sink',
    'table',
    'keep',
    'cancel',
    'remove-kept',
    'rows-per-second',
    'dry-run',
    'yes',
    'token-file',
    'ca-file',
    'by',
  ],
  several: ['table'],
  exits: '3 what was filled differs from the source, and was not swapped',
  help: 'fill new tables or indexes beside those of a sink, compare them, and swap them while readers read; continues after a crash',
  connects: 'everything',
  run: sinkRebuild,
};

async function sinkRebuild(line: CommandLine, config: SluiceConfig, screen: Screen): Promise<Done> {
  const { values, performs } = line;
  const sink = sinkOf(config, values);
  const act = actOf(values);
  const keepMs = keepOf(values);
  const store = await openStore(config, sink);
  try {
    return await withRunningPipeline(config, async (running) => {
      const parts: RebuildParts = { config, sink, values, by: whoIsIt(values), running, screen };
      if (!performs) return await tell(parts, store, act);
      const order = { sink, act, tables: values.texts('table'), keepMs, by: parts.by };
      return await audited({ config, command: 'sink rebuild', order, screen }, () =>
        store === null ? inPlace(parts, act) : beside(parts, store, act, keepMs),
      );
    });
  } catch (error) {
    if (error instanceof RangeError) throw new CommandFailed(error.message, { cause: error });
    throw error;
  } finally {
    await store?.close();
  }
}

type Act = 'rebuild' | 'cancel' | 'remove-kept';

function actOf(values: OptionValues): Act {
  const [cancels, removes] = [values.flag('cancel'), values.flag('remove-kept')];
  if (cancels && removes) throw new UsageError('--cancel and --remove-kept exclude each other');
  if ((cancels || removes) && values.text('keep') !== undefined)
    throw new UsageError('--keep is for a rebuild: leave it out');
  return cancels ? 'cancel' : removes ? 'remove-kept' : 'rebuild';
}

/** Milliseconds; null where it is not given. */
function keepOf(values: OptionValues): number | null {
  const text = values.text('keep');
  if (text === undefined) return null;
  const [, number = '', unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (text === '0') return 0;
  const ms = Number(number) * (UNIT_MS[unit] ?? Number.NaN);
  if (number !== '' && Number.isSafeInteger(ms)) return ms;
  throw new UsageError(`--keep is "${text}", but must be a time such as 90s, 15m, 24h, 3d, or 0`);
}

/** Null for a sink that has no second place. */
async function openStore(config: SluiceConfig, name: string): Promise<StoreRebuild | null> {
  const part = await importPart<{ readonly openRebuild: OpenRebuild }>(name, './rebuild', config);
  return part === null ? null : part.openRebuild({ config, name });
}

async function beside(
  parts: RebuildParts,
  store: StoreRebuild,
  act: Act,
  keepMs: number | null,
): Promise<Done> {
  const rebuild = new BesideRebuild(parts, store);
  const { sink, screen } = parts;
  try {
    if (act === 'rebuild') return await rebuild.run(keepMs);
    await (act === 'cancel' ? rebuild.cancel() : rebuild.removeKept());
    const done =
      act === 'cancel' ? 'cancelled; the old places are as they were' : 'what was replaced is removed';
    screen.say(`rebuild of sink ${sink}: ${done}`);
    return true;
  } finally {
    await rebuild.close();
  }
}

async function inPlace(parts: RebuildParts, act: Act): Promise<Done> {
  const { sink, values, screen } = parts;
  if (act === 'remove-kept' || values.text('keep') !== undefined)
    throw new UsageError(`sink ${sink} is rebuilt in place: nothing is kept`);
  if (act === 'rebuild') return rebuildInPlace(parts);
  const cancelled = await cancelInPlace(parts);
  if (cancelled === 0) throw new CommandFailed(`no rebuild of sink ${sink} is under way`);
  screen.say(`rebuild of sink ${sink} cancelled; rows that it has written are as the source has them`);
  return true;
}

/** What there is, and what `--yes` would do. Changes nothing. */
async function tell(parts: RebuildParts, store: StoreRebuild | null, act: Act): Promise<Done> {
  const { sink, screen } = parts;
  const record = store === null ? null : await store.load();
  const tables = record?.tables ?? rebuiltPlans(parts).map(tableIdOf);
  const refusal = store === null || record !== null ? null : await store.refusal({ id: 'new', tables });
  const document = {
    sink,
    dryRun: true,
    act,
    how: store === null ? 'in place' : 'beside',
    rebuild: record,
    tables,
  };
  const rows = tables.map((table) => [table, document.how, record?.phase ?? null]);
  show(screen, document, ['TABLE', 'HOW', 'STATE'], rows);
  if (refusal !== null) throw new CommandFailed(`sink ${sink} cannot be rebuilt: ${refusal}`);
  screen.say(`dry run: ${whatFollows(record, act)}; --yes does it`);
  return true;
}

function whatFollows(record: RebuildRecord | null, act: Act): string {
  if (act === 'cancel') return 'would take away what the rebuild has filled';
  if (act === 'remove-kept') return 'would remove what the last rebuild has replaced';
  return record === null ? 'would rebuild these tables' : 'would continue the rebuild that is under way';
}
