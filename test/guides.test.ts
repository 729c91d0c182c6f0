// README and guides as a reader follows them: every command prints what the document shows.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { runDocument, stepsOf } from './console.ts'

const root = join(import.meta.dirname, '..')
const inFolder = (folder: string): string[] =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`)

const documents = ['README.md', ...inFolder('docs/guide'), ...inFolder('docs/reference')].filter((file) =>
  stepsOf(readFileSync(join(root, file), 'utf8')).some(({ kind }) => kind === 'console'),
)

describe('the documents', () => {
  it('have commands to follow, README and first message among them', () => {
    for (const file of ['README.md', 'docs/guide/first-message.md', 'docs/reference/cli.md'])
      assert.ok(documents.includes(file), file)
  })

  for (const file of documents) {
    it(`${file} shows what its commands print`, async () => {
      const { commands, wrong } = await runDocument(file)
      assert.ok(commands > 0)
      assert.equal(wrong.join('\n\n'), '')
    })
  }
})
