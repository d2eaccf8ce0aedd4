import { runService } from '@sluice/runtime';
import { buildCapture } from './capture.ts';

await runService('capture', buildCapture);
