import { instanceRecord } from '@sluice/ops-api';
import { expect, test } from 'vitest';
import { answersPerProcess, processesOf, type Asked } from '../../src/operator/sink-processes.ts';

const record = { service: 'sink-redis', instance: 'a', host: '127.0.0.1', port: 8081, isTls: false };
const member = (data: string, host = '10.0.0.7') => ({ clientId: 'sluice', host, data });

test('a process is asked at the address it says, or where the broker sees it', () => {
  const members = [
    member(instanceRecord(record)),
    member(instanceRecord({ ...record, instance: 'b', host: '0.0.0.0', isTls: true })),
    member(instanceRecord({ ...record, instance: 'c', host: '::' }), 'fd00::7'),
    member(instanceRecord({ ...record, service: 'sink-mysql' })),
    member(''),
  ];
  expect(processesOf(members, 'sink-redis')).toEqual([
    { instance: 'a', url: 'http://127.0.0.1:8081' },
    { instance: 'b', url: 'https://10.0.0.7:8081' },
    { instance: 'c', url: 'http://[fd00::7]:8081' },
  ]);
});

const at = (expected: string | null, told: Asked['told']): Asked => ({
  url: `at ${expected}`,
  expected,
  told,
});
const health = { status: 'ok', ready: true, components: {} } as const;
const told = (instance: string) => ({ kind: 'told', ready: true, status: { instance }, health }) as const;
const silent = { kind: 'silent', detail: '' } as const;
const foreign = { kind: 'foreign', detail: '' } as const;

test('each process counts once, and an address where nobody answers only when nothing was found otherwise', () => {
  const found = [at('a', told('a')), at('b', silent)];
  expect(answersPerProcess(at(null, told('a')), found)).toEqual([at(null, told('a')), found[1]]);
  expect(answersPerProcess(at(null, told('joins yet')), found)).toHaveLength(3);
  expect(answersPerProcess(at(null, silent), found)).toEqual(found);
  expect(answersPerProcess(at(null, silent), [])).toEqual([at(null, silent)]);
  expect(answersPerProcess(at(null, foreign), found)).toHaveLength(3);
});
