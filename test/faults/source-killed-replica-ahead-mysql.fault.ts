import { replicaIsAhead } from '../harness/faults/source-killed.ts';

export const fault = replicaIsAhead('mysql');
