import { totalmem } from 'node:os';

/**
 * Bytes that the process may use before it is killed: the limit of its cgroup (version 1 or 2), else the memory of the machine.
 * @param constrained of `process.constrainedMemory()`: 0 when nothing is known, and more than the machine has when there is no limit
 */
export function memoryLimitBytes(
  constrained: number = process.constrainedMemory(),
  machine: number = totalmem(),
): number {
  return constrained > 0 ? Math.min(constrained, machine) : machine;
}
