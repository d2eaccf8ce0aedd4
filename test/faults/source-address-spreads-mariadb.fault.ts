import { addressSpreads } from '../harness/faults/source-moved.ts';

export const fault = addressSpreads('mariadb');
