export { asksForRestart } from './restarts.ts';
export { startService, type ServiceStart } from './start-service.ts';
export { SupervisedProcess, type ProcessSpec, type ProcessState } from './supervised-process.ts';
