#!/usr/bin/env node
// Plain JavaScript that an old Node can still parse: it finds a Node that can run the rest, or says which one is needed.
import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import module from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const version = process.versions.node.split('.').map(Number)
// 22.18 is the first that strips types by itself; better-sqlite3 13 crashes below 22.14 instead of failing.
const recent = version[0] >= 24 || (version[0] === 22 && version[1] >= 18)

if (recent) {
  module.enableCompileCache()
  await import('../src/cli/main.ts')
} else {
  const newer = process.env.REVENANT_HANDED_OVER ? undefined : nodeBesidePackage()
  if (newer === undefined) {
    process.stderr.write(
      `revenant: this is Node ${process.versions.node} and Node 24 is needed: run \`npm ci\` in the package's folder to get it, or use \`npm exec -- revenant\`\n`,
    )
    process.exitCode = 2
  } else {
    handOver(newer)
  }
}

function nodeBesidePackage() {
  const modules = join(dirname(fileURLToPath(import.meta.url)), '..', 'node_modules')
  const candidates = [
    join(modules, '.bin', 'node'),
    join(modules, `node-${process.platform}-${process.arch}`, 'bin', 'node'),
  ]
  return candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

function handOver(node) {
  const child = spawn(node, process.argv.slice(1), {
    stdio: 'inherit',
    env: { ...process.env, REVENANT_HANDED_OVER: '1' },
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    process.stderr.write(`revenant: ${node} does not start (${error.message}); run \`npm ci\` again\n`)
    process.exitCode = 2
  })
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}
