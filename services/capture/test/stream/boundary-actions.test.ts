import { expect, test } from 'vitest';
import { BoundaryActions } from '../../src/stream/boundary-actions.ts';

const at = (position: number) => ({ file: 'binlog.000001', position });
const passed = (position: number) => (mark: { readonly position: number }) => mark.position <= position;
const nothing = (): undefined => undefined;

test('an action waits for its mark, those that need not wait run before it', async () => {
  const boundary = new BoundaryActions();
  const ran: string[] = [];
  const later = boundary.add(at(500), () => ran.push('later'));
  const soon = boundary.add(null, () => ran.push('soon'));
  await boundary.runDue(passed(400), nothing);
  await soon;
  expect(ran).toEqual(['soon']);
  await boundary.runDue(passed(500), nothing);
  await later;
  expect(ran).toEqual(['soon', 'later']);
});

test('what an action asks for is done before the next', async () => {
  const boundary = new BoundaryActions();
  const ran: string[] = [];
  void boundary.add(null, () => ran.push('one'));
  void boundary.add(null, () => ran.push('two'));
  await boundary.runDue(passed(0), async () => void ran.push('tables'));
  expect(ran).toEqual(['one', 'tables', 'two', 'tables']);
});

test('an action that throws fails alone', async () => {
  const boundary = new BoundaryActions();
  const failing = boundary.add(null, () => {
    throw new Error('no');
  });
  const other = boundary.add(null, () => undefined);
  await Promise.all([expect(failing).rejects.toThrow('no'), other, boundary.runDue(passed(0), nothing)]);
});

test('who waits for a checkpoint is told when the next one is published, or why it is not', async () => {
  const boundary = new BoundaryActions();
  const published = boundary.checkpoint();
  expect(boundary.wantCheckpoint).toBe(true);
  boundary.tellPublished(async () => undefined);
  await published;
  expect(boundary.wantCheckpoint).toBe(false);
  const lost = boundary.checkpoint();
  boundary.tellPublished(() => Promise.reject(new Error('fenced')));
  await expect(lost).rejects.toThrow('fenced');
});

test('nobody is left waiting for a stream that has ended', async () => {
  const boundary = new BoundaryActions();
  const [action, checkpoint] = [boundary.add(at(500), () => undefined), boundary.checkpoint()];
  boundary.end(new Error('the end'));
  const late = boundary.add(null, () => undefined);
  await Promise.all([action, checkpoint, late].map((waiting) => expect(waiting).rejects.toThrow('the end')));
});
