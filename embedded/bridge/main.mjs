/**
 * The embedded engine's process: `node main.mjs FOLDER`. FOLDER/connection.json says where to listen and who may come in.
 */
import { existsSync, fstatSync, ftruncateSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { verifier } from './auth.mjs'
import { Engine } from './engine.mjs'
import { Server } from './server.mjs'
import { Session } from './session.mjs'
import { literal } from './state.mjs'

const MINUTE = 60_000
/** Bytes of engine.log; a longer one begins anew. */
const LOG_LIMIT = 4_000_000
const folder = process.argv[2]
const { host, port, database, user, password } = JSON.parse(readFileSync(join(folder, 'connection.json'), 'utf8'))
const dataDir = join(folder, 'pgdata')

/** Minutes of a variable, in ms. @param {string} name @param {number} usual */
const minutes = (name, usual) => Number(process.env[name] ?? usual) * MINUTE

/** What PGlite starts PostgreSQL with is meant for a browser; this is meant for loading years of prices. */
const settings = {
  client_min_messages: 'notice',
  log_min_messages: 'warning',
  enable_seqscan: 'on',
  search_path: '"$user", public',
  ignore_invalid_pages: 'off',
  TimeZone: 'UTC',
  log_timezone: 'UTC',
  work_mem: '64MB',
  maintenance_work_mem: '128MB',
  // How much of the log a checkpoint keeps to write over; session.mjs makes them.
  max_wal_size: '64MB',
  min_wal_size: '32MB',
  jit: 'off',
}

/** @param {string} text */
function log(text) {
  if (fstatSync(2).size > LOG_LIMIT) ftruncateSync(2)
  process.stderr.write(`${new Date().toISOString()} ${text}\n`)
}

/** Makes the data folder with its database and user, aside until it is whole: what a kill left half made there is made again. */
async function create() {
  if (existsSync(dataDir)) return
  const draft = `${dataDir}.new`
  rmSync(draft, { recursive: true, force: true })
  const engine = new Engine()
  await engine.open({ dataDir: draft, database: 'template1', user: 'postgres', settings })
  await engine.query(`create role ${user} superuser login password${literal(password)}`)
  await engine.query(`create database ${database} owner ${user}`)
  await engine.close()
  await engine.open({ dataDir: draft, database, user, settings })
  await engine.query('create extension if not exists timescaledb')
  // PGlite's functions for these break the engine; without them, another client_encoding than UTF8 is an error of PostgreSQL's.
  await engine.query('delete from pg_conversion')
  await engine.query(readFileSync(new URL('locks.sql', import.meta.url), 'utf8'))
  await engine.close()
  writeFileSync(join(draft, 'quant_ready'), '')
  renameSync(draft, dataDir)
}

await create()
const engine = new Engine()
const session = new Session(engine, {
  open: { dataDir, database, user, settings },
  idleInTransaction: minutes('QUANT_EMBEDDED_IDLE_IN_TRANSACTION_MINUTES', 10),
  waitingWarning: 30_000,
}, log)
const server = new Server(engine, session, { database, user, verifier: verifier(password) }, log)
await session.open()
await server.listen(host, port)
log(`ready on ${host}:${port}, process ${process.pid}`)

let stopping = false
/** @param {string} why */
async function stop(why) {
  if (stopping) return
  stopping = true
  log(`stopping: ${why}`)
  // Whatever breaks by now, what was committed is safe, and nobody must find the folder still held.
  await server.close().then(() => log('stopped'), (error) => log(`ended without being closed: ${error.stack}`))
  process.exit(0)
}

// By now all is on disk. Node would wait for V8's threads, at times for ever (nodejs/node#54918), and keep the folder locked meanwhile.
process.on('exit', () => process.kill(process.pid, 'SIGKILL'))
process.on('SIGTERM', () => stop('asked to'))
process.on('SIGINT', () => stop('interrupted'))
process.on('uncaughtException', (error) => log(`unexpected: ${error.stack}`))
process.on('unhandledRejection', (error) => log(`unexpected: ${error instanceof Error ? error.stack : error}`))
const idleLimit = minutes('QUANT_EMBEDDED_IDLE_MINUTES', 60)
setInterval(() => {
  if (!server.served.length && Date.now() - server.lastServed > idleLimit) stop(`nobody was connected for ${idleLimit / MINUTE} minutes`)
}, 1000).unref()
