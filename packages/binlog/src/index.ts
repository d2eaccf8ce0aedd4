export { ByteWriter } from './byte-writer.ts';
export { BinlogDecoder, type DecoderOptions } from './decoder.ts';
export { BinlogError, type BinlogErrorCode, type BinlogErrorContext } from './errors.ts';
export type { BeginEvent, BinlogHandler, FormatEvent, QueryNotice } from './handler.ts';
export { describedColumns, type ColumnFacts } from './column-facts.ts';
export type { NamedType, NamedTypes } from './named-types.ts';
export type { RowImage } from './row-image.ts';
export {
  NO_FOREIGN_KEY_CHECKS,
  SQL_FOREIGN_KEYS,
  STMT_END,
  type RowOperation,
  type RowsEvent,
} from './rows-event.ts';
export type { Column, TableMap } from './table-map.ts';
export { columnFromInformationSchema, type InformationSchemaColumn } from './information-schema.ts';
export { selectExpression, selectValueWriter, type SelectValueWriter } from './select-values.ts';
