/** A column type, the values put into it, and where the JSON text is a matter of rule, that text. */
export interface TypeCase {
  /** As written in CREATE TABLE. */
  readonly type: string;
  /** SQL expressions; with the expected JSON text where it is fixed. */
  readonly values: readonly (string | readonly [sql: string, json: string])[];
  readonly only?: 'mysql' | 'mariadb';
}
