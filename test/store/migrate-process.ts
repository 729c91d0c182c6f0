// A process that migrates one schema and is killed half-way by a test: migrate-process.ts URL SCHEMA FOLDER
import { openDatabase } from '../../src/store/db.ts'
import { migrate } from '../../src/store/migrate.ts'

const [, , url, schema, folder] = process.argv
if (url === undefined || schema === undefined || folder === undefined) throw new Error('URL SCHEMA FOLDER')
const db = await openDatabase({ connection: url, schema, warn: () => {} })
const { version } = await migrate(db, folder)
process.stdout.write(`${version}\n`)
await db.close()
