export { LiveScreen, type ScreenOptions, type ScreenOutput } from './live-screen.ts';
export {
  renderHeader,
  renderLine,
  renderView,
  type PipelineView,
  type ServiceView,
  type Terminal,
} from './live-view.ts';
export { RecentReadings } from './recent-readings.ts';
export { figuresOf, readStatus, type Reading, type ServiceFigures } from './service-reading.ts';
