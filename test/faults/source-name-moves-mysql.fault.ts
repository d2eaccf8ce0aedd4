import { nameMoves } from '../harness/faults/source-moved.ts';

export const fault = nameMoves('mysql');
