import { replicaIsEqual } from '../harness/faults/source-killed.ts';

export const fault = replicaIsEqual('mysql');
