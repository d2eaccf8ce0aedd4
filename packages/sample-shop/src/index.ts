export { fillForLoad, LOAD_MARK, LoadRefused, lookForLoad } from './load-database.ts';
export { createShop, DEFAULT_SIZES, type ShopOptions, type ShopSizes } from './shop-data.ts';
export { SHOP_DATABASE, SHOP_TABLES } from './shop-schema.ts';
export { LOAD_SHAPES, type LoadShape } from './transaction-plan.ts';
export { startWorkload, type Workload, type WorkloadOptions, type WorkloadProgress } from './workload.ts';
export { openServer, type DatabaseAddress } from './workload-writer.ts';
