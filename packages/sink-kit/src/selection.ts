/** What sinks take, and where it goes to, from the file alone: for who asks without a running sink. */
export { sharedSpots, type StoreSpots } from './store-spots.ts';
export { selectionOf, type TableSelection } from './table-selection.ts';
