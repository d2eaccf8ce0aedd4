export { configPage } from './config-page.ts';
export { errorsPage } from './errors-page.ts';
export { configJsonSchema, type SettingSchema } from './json-schema.ts';
