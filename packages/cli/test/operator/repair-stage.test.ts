import type { SluiceConfig } from '@sluice/runtime';
import { expect, test } from 'vitest';
import { parseCommandLine } from '../../src/operator/command-line.ts';
import type { OptionValues } from '../../src/operator/option-values.ts';
import { refusalOf, stageOf, withCanary } from '../../src/operator/repair-stage.ts';

const CONFIG = { sinks: { redis: {}, mysql: {}, elasticsearch: {} } } as unknown as SluiceConfig;
const NEVER = new AbortController().signal;
const STAGE = { canary: 'redis', gate: 'true', next: ['mysql'] };

function valuesOf(...args: readonly string[]): OptionValues {
  const wish = parseCommandLine(['repair', '--report', 'r', ...args], 0);
  if (wish.kind !== 'command') throw new Error('no command');
  return wish.line.values;
}

const row = (fate: 'equal' | 'different'): Parameters<typeof refusalOf>[1][number] => ({
  place: 'x',
  kind: 'changed',
  fate,
  why: null,
});
const whole = ['--stage', 'canary=redis', '--gate', './check', '--next', 'mysql', '--next', 'elasticsearch'];

test('a stage is a canary, a gate and the sinks behind it', () => {
  expect(stageOf(valuesOf('--apply', ...whole), CONFIG)).toEqual({
    canary: 'redis',
    gate: './check',
    next: ['mysql', 'elasticsearch'],
  });
  expect(stageOf(valuesOf('--apply'), CONFIG)).toBe(null);
});

test.each([
  [['--apply', '--stage', 'canary=redis'], 'are given together'],
  [['--apply', '--gate', 'x', '--next', 'mysql'], 'are given together'],
  [whole, '--stage needs --apply'],
  [['--apply', '--sink', 'redis', ...whole], '--stage and --sink exclude each other'],
  [['--apply', '--stage', 'redis', '--gate', 'x', '--next', 'mysql'], 'must be canary=SINK'],
  [['--apply', '--stage', 'canary=other', '--gate', 'x', '--next', 'mysql'], 'there is no sink other'],
  [['--apply', '--stage', 'canary=redis', '--gate', 'x', '--next', 'redis'], 'name a sink twice'],
])('%j is refused', (args, message) => {
  expect(() => stageOf(valuesOf(...args), CONFIG)).toThrow(message);
});

test('the gate is asked of a canary that is equal, and passes with 0', async () => {
  expect(await refusalOf(STAGE, [row('equal')], NEVER)).toBe(null);
  expect(await refusalOf({ ...STAGE, gate: 'exit 7' }, [row('equal')], NEVER)).toBe('the gate ended with 7');
  expect(await refusalOf(STAGE, [], NEVER)).toContain('sink redis has no row that is repaired');
  expect(await refusalOf(STAGE, [row('equal'), row('different')], NEVER)).toBe(
    'sink redis is not equal after its repair',
  );
  const stopped = AbortSignal.abort();
  expect(await refusalOf({ ...STAGE, gate: 'sleep 60' }, [row('equal')], stopped)).toContain(
    'the gate ended with',
  );
});

test.each([
  ['redis', STAGE, ['redis']],
  ['mysql', STAGE, []],
  ['redis', null, []],
])('a repair that breaks off at %s', async (sink, stage, expected) => {
  const back: string[] = [];
  const broken = (begin: (sink: string) => void): Promise<never> => {
    begin(sink);
    return Promise.reject(new Error('the store is away'));
  };
  const putBack = async (canary: string): Promise<void> => void back.push(canary);
  await expect(withCanary(stage, broken, putBack)).rejects.toThrow('the store is away');
  expect(back).toEqual(expected);
});

test('one that breaks off before it comes to a sink has nothing to put back', async () => {
  const putBack = (): Promise<void> => Promise.reject(new Error('there is no undo file'));
  const work = (): Promise<never> => Promise.reject(new Error('the undo file is there already'));
  await expect(withCanary(STAGE, work, putBack)).rejects.toThrow('is there already');
});
