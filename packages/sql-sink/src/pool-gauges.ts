import { declareGauge, POOL_METRICS, type Registry } from '@sluice/runtime';

/** Hears how many connections are lent, and how many wait for one, whenever that changes. */
export type PoolWatch = (inUse: number, waiting: number) => void;

/** @param size most connections of the pool */
export function poolGauges(registry: Registry, sink: string, size: number): PoolWatch {
  const own = [{ sink }];
  const inUseNow = declareGauge(registry, POOL_METRICS.inUse, own);
  const waitingNow = declareGauge(registry, POOL_METRICS.waiting, own);
  declareGauge(registry, POOL_METRICS.size, own).set({ sink }, size);
  return (inUse, waiting) => {
    inUseNow.set({ sink }, inUse);
    waitingNow.set({ sink }, waiting);
  };
}
