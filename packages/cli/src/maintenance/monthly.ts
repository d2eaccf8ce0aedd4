import { createLogger, type SluiceConfig } from '@sluice/runtime';
import type { ExamineAccount, StoreAccount } from '@sluice/sink-kit';
import { importPart } from '@sluice/sink-kit/installed';
import { examined, note, ok, unknown, wrong, type Finding } from '../operator/findings.ts';
import type { OptionValues } from '../operator/option-values.ts';
import { importCapture } from '../operator/optional-packages.ts';
import { once, type Check } from './checks.ts';
import {
  certificateFinding,
  certificateFindings,
  filesNamed,
  passwordFinding,
  tokenFindings,
} from './credentials.ts';
import { restoreDrill } from './restore-drill.ts';

const PATIENCE_MS = 60_000;

/** What each login may do beyond its work, how old passwords, tokens and certificates are, and whether a backup can be restored. */
export function monthlyChecks(
  config: SluiceConfig,
  values: OptionValues,
  signal: AbortSignal,
): readonly Check[] {
  const now = Date.now();
  const accounts = [
    once(() => sourceOf(config)),
    ...Object.keys(config.sinks).map((sink) => once(() => storeOf(config, sink))),
  ];
  // A server that does not answer hides nothing of the others.
  const told = (area: string, look: (account: Account) => readonly Finding[]) => async () =>
    (await Promise.all(accounts.map((account) => examined(area, async () => look(await account()))))).flat();
  return [
    { area: 'grants', look: told('grants', grantFindings) },
    { area: 'passwords', look: told('passwords', ({ name, facts }) => ofPassword(name, facts, now)) },
    {
      area: 'certificates',
      look: async () => [
        ...(await certificateFindings(filesNamed(config, 'certificates'), now)),
        ...(await told('certificates', ({ name, facts }) => ofCertificate(name, facts, now))()),
      ],
    },
    { area: 'tokens', look: () => tokenFindings(filesNamed(config, 'tokens'), now) },
    {
      area: 'restore',
      seconds: 600,
      look: () => restoreDrill({ config, from: values.text('from'), signal }),
    },
  ];
}

/** A login of the configuration; `facts` are null where nobody can look at it. */
export interface Account {
  readonly name: string;
  readonly facts: StoreAccount | null;
}

async function sourceOf(config: SluiceConfig): Promise<Account> {
  const { sourceAccount } = await importCapture(() => import('@sluice/capture/maintenance'));
  const { tooWide, hasRoles, ...times } = await sourceAccount(config);
  if (hasRoles)
    return {
      name: 'source',
      facts: { ...times, excess: null, advice: 'a role may bring rights that SHOW GRANTS does not tell' },
    };
  return {
    name: 'source',
    facts: { ...times, excess: tooWide === null ? [] : [tooWide], advice: 'docs/your-servers.md' },
  };
}

async function storeOf(config: SluiceConfig, sink: string): Promise<Account> {
  const name = `sink-${sink}`;
  const part = await importPart<{ readonly examineAccount?: ExamineAccount }>(sink, './doctor', config);
  if (part?.examineAccount === undefined) return { name, facts: null };
  const [signal, log] = [AbortSignal.timeout(PATIENCE_MS), createLogger('sluice', { level: 'silent' })];
  return { name, facts: await part.examineAccount({ config, sink, signal, log }) };
}

export function grantFindings({ name, facts }: Account): readonly Finding[] {
  if (facts === null) return [notLooked('grants', name)];
  const { excess, advice, tried } = facts;
  if (excess === null)
    return [unknown('grants', `${name}: ${advice}`, 'look at it by hand, or --skip grants')];
  if (excess.length === 0)
    return [
      ok(
        'grants',
        `${name}: nothing beyond its work${tried === undefined ? '' : `, of what was tried: ${tried}`}`,
      ),
    ];
  const found = `${name}: ${excess.join(', ')}`;
  return [wrong('grants', { found, required: 'the rights of docs/your-servers.md', fix: advice })];
}

function ofPassword(name: string, facts: StoreAccount | null, nowMs: number): readonly Finding[] {
  if (facts === null) return [notLooked('passwords', name)];
  return [passwordFinding(name, facts.passwordSetMs, nowMs)];
}

function ofCertificate(name: string, facts: StoreAccount | null, nowMs: number): readonly Finding[] {
  if (facts === null) return [notLooked('certificates', name)];
  const endsMs = facts.certificateEndsMs;
  if (endsMs !== null) return [certificateFinding(`${name}: the certificate of the server`, endsMs, nowMs)];
  return [note('certificates', `${name}: the server tells no certificate of its own`, null)];
}

function notLooked(area: string, name: string): Finding {
  return unknown(
    area,
    `${name}: its package cannot look at the account`,
    `look at it by hand, or --skip ${area}`,
  );
}
