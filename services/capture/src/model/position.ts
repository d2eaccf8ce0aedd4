import { PipelineError } from '@sluice/runtime';

/** A place in the binlog: everything before byte `position` of `file` lies behind it. */
export interface StreamPosition {
  readonly file: string;
  readonly position: number;
}

const FILE_NUMBER_MAX = 999_999;

/** The number at the end of a binlog file's name; names are never compared as text (`.999999` comes before `.1000000`). */
export function binlogFileNumber(file: string): number {
  const digits = /\.(\d+)$/.exec(file)?.[1];
  const number = Number(digits);
  if (digits === undefined || number > FILE_NUMBER_MAX) {
    throw new PipelineError(
      'SEQUENCE_EXHAUSTED',
      `The binlog file name "${file}" does not end in a number up to ${FILE_NUMBER_MAX}.`,
    );
  }
  return number;
}

export function isAtOrPast(position: StreamPosition, mark: StreamPosition): boolean {
  if (position.file === mark.file) return position.position >= mark.position;
  return binlogFileNumber(position.file) > binlogFileNumber(mark.file);
}
