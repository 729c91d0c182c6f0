// Work for people: opened once, closed when its cause is gone; valid whatever the order in which messages are applied.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Draft } from '../../src/canonical/truth/draft.ts'
import { completeTask, openTasks, taskId } from '../../src/canonical/truth/task.ts'
import { World } from '../../src/canonical/truth/world.ts'
import { acceptanceSite } from '../pipeline/gateway.ts'

const opened = '2026-03-02T09:00:00.500-06:00'

function completedAt(iso: string): Record<string, unknown> {
  const world = new World()
  world.collected = []
  const draft = new Draft(world, '1', acceptanceSite())
  openTasks(draft, [{ code: 'double-booking', key: 'k', description: 'two bookings' }], opened)
  completeTask(draft, 'double-booking', 'k', { t: Date.parse(iso), iso })
  draft.fold()
  const [change] = draft.changes.filter((each) => each.id === taskId('double-booking', 'k'))
  return change?.body ?? {}
}

test('a task that a message completes was modified when that message came', () => {
  const { status, lastModified } = completedAt('2026-03-02T09:00:07-06:00')
  assert.deepEqual([status, lastModified], ['completed', '2026-03-02T09:00:07-06:00'])
})

test('a message that came before the one that opened the task does not date the change before it (inv-1)', () => {
  const { status, authoredOn, lastModified } = completedAt('2026-03-02T09:00:00.100-06:00')
  assert.deepEqual([status, authoredOn, lastModified], ['completed', opened, opened])
})
