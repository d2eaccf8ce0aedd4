import { replicaIsBehind } from '../harness/faults/source-killed.ts';

export const fault = replicaIsBehind('mysql');
