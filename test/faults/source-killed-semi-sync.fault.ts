import { semiSynchronous } from '../harness/faults/source-killed.ts';

export const fault = semiSynchronous();
