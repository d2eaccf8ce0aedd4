import type { FaultCase } from '../harness/faults/fault-case.ts';
import { sinkKilled } from '../harness/faults/sink-killed.ts';

export const fault: FaultCase = { ...sinkKilled('mysql'), inEveryRun: true };
