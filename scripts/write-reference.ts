// Writes the tables of docs/reference and the schemas for editors anew from the code: node scripts/write-reference.ts
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { editorSchemas, readSchema, schemaFolder } from './editor-schemas.ts'
import { withTables } from './reference-tables.ts'

const folder = join(import.meta.dirname, '../docs/reference')

for (const name of readdirSync(folder).filter((each) => each.endsWith('.md'))) {
  const path = join(folder, name)
  const before = readFileSync(path, 'utf8')
  const after = withTables(before)
  if (after !== before) {
    writeFileSync(path, after)
    console.log(`docs/reference/${name}`)
  }
}

for (const { file, text } of editorSchemas()) {
  if (existsSync(join(schemaFolder, file)) && readSchema(file) === text) continue
  writeFileSync(join(schemaFolder, file), text)
  console.log(`profiles/schemas/${file}`)
}
