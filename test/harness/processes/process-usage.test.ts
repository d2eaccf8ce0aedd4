import { expect, test } from 'vitest';
import { cpuSeconds, interpolate, machineBusySeconds, peakMebibytes } from './process-usage.ts';

test('user and system time are found behind a program name of any shape', () => {
  const rest = 'S 1 2 2 0 -1 4194560 100 0 0 0 1234 66 0 0 20 0 11 0 5';
  expect(cpuSeconds(`77 (node) ${rest}`)).toBe(13);
  expect(cpuSeconds(`77 (a) b (c) ${rest}`)).toBe(13);
});

test('peak memory comes in MiB', () => {
  expect(peakMebibytes('Name:\tnode\nVmPeak:\t  900000 kB\nVmHWM:\t  153600 kB\nVmRSS:\t 1 kB\n')).toBe(150);
});

test('the machine is busy with everything but idling and waiting for disks', () => {
  expect(machineBusySeconds('cpu  100 10 200 9999 888 5 15 77 0 0\ncpu0 1 1 1 1\n')).toBe(3.3);
});

test('figures between two samples lie on the line between them', () => {
  const samples = [
    { at: 1000, cpuSeconds: 1, machineSeconds: 10 },
    { at: 1020, cpuSeconds: 1.5, machineSeconds: 12 },
  ];
  expect(interpolate(samples, 1010, 'cpuSeconds')).toBe(1.25);
  expect(interpolate(samples, 1015, 'machineSeconds')).toBe(11.5);
});

test('outside the samples the nearest one counts', () => {
  const samples = [
    { at: 1000, cpuSeconds: 1, machineSeconds: 10 },
    { at: 1020, cpuSeconds: 1.5, machineSeconds: 12 },
  ];
  expect(interpolate(samples, 900, 'cpuSeconds')).toBe(1);
  expect(interpolate(samples, 2000, 'cpuSeconds')).toBe(1.5);
  expect(interpolate([], 1000, 'cpuSeconds')).toBeNaN();
});
