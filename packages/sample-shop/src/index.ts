export { createShop, DEFAULT_SIZES, type ShopOptions, type ShopSizes } from './shop-data.ts';
export { SHOP_DATABASE, SHOP_TABLES } from './shop-schema.ts';
export { startWorkload, type Workload, type WorkloadOptions, type WorkloadProgress } from './workload.ts';
export type { DatabaseAddress } from './workload-writer.ts';
