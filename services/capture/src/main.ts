import { runService } from '@sluice/runtime';
import { buildCapture } from './build-capture.ts';

await runService('capture', buildCapture);
