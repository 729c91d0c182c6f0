#!/usr/bin/env node
// Starts the command line with a Node.js that reads TypeScript: this one, or the one that npm installed for us.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const program = join(dirname(fileURLToPath(import.meta.url)), '../src/cli/main.ts')
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const packaged = packagedNode()

if (major >= 24) await import('../src/cli/main.ts')
else if (packaged !== undefined) handOver(packaged)
else if (major > 22 || (major === 22 && minor >= 18)) await import('../src/cli/main.ts')
else {
  console.error(
    `portico: Node.js ${process.versions.node} is too old - run npm ci, which brings Node.js 24 along`,
  )
  process.exitCode = 2
}

function packagedNode() {
  try {
    const folder = dirname(createRequire(import.meta.url).resolve('node/package.json'))
    const path = join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
    return existsSync(path) ? path : undefined
  } catch {
    return undefined
  }
}

function handOver(node) {
  const child = spawn(node, [program, ...process.argv.slice(2)], { stdio: 'inherit' })
  // A terminal sends SIGINT to both of us; a supervisor sends its signals to this process alone.
  const terminal = process.stdin.isTTY === true
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !terminal) child.kill(signal)
    })
  }
  child.on('error', (error) => {
    console.error(`portico: ${node} does not start (${error.message}) - run npm ci again`)
    process.exitCode = 2
  })
  child.on('exit', (code, signal) => {
    if (signal === null) process.exitCode = code ?? 2
    else {
      process.removeAllListeners(signal)
      process.kill(process.pid, signal)
    }
  })
}
