/** The bridge's hold on the engine's thread: opening it, sending it messages, hearing its answers, and opening it anew when it broke. */
import { EventEmitter } from 'node:events'
import { fileURLToPath } from 'node:url'
import { MessageChannel, Worker } from 'node:worker_threads'
import { BackendReader, cstring, errorFields, int16, message, rowValues } from './protocol.mjs'
import { CANCEL, COUNTERS, INBOX, IN_FLIGHT } from './shared.mjs'

/** The engine's answer to a statement of the bridge was an error. */
export class EngineError extends Error {
  /** @param {Record<string, string>} fields */
  constructor(fields) {
    super(fields.M)
    this.code = fields.C
  }
}

/**
 * One PostgreSQL session.
 *
 * Events: `data` (Buffer[], release) bytes for the owner, `idle` everything sent has been worked off, `free` no transaction is open,
 * `command` (tag), `consumed`, `crash` (Error).
 */
export class Engine extends EventEmitter {
  /** What PostgreSQL last said of its reported settings. @type {Map<string, string>} */
  parameters = new Map()
  /** Transaction status as of the last ReadyForQuery: I, T or E. */
  status = 'I'
  /** Answers that PostgreSQL ends with a ReadyForQuery and has not ended yet. */
  #due = 0
  #shared = new Int32Array(new SharedArrayBuffer(4 * COUNTERS))
  #sent = 0
  #done = 0
  #consumed = 0
  /** Sizes of what was sent and not yet read by the engine. @type {Map<number, number>} */
  #unread = new Map()
  /** @type {{rows: (string | null)[][], error: EngineError | null} | null} */
  #query = null
  #asked = false
  /** @type {{resolve: (value: null) => void, reject: (error: Error) => void} | null} */
  #settle = null
  #reader = this.#newReader(false)
  /** @type {Worker | null} */
  #worker = null
  /** @type {import('node:worker_threads').MessagePort | null} */
  #port = null

  /** Opens the data folder, recovering it if it was not closed; resolves when the engine answers.
   * @param {{dataDir: string, database: string, user: string, settings: Record<string, string>}} options */
  async open(options) {
    const { port1, port2 } = new MessageChannel()
    this.#shared.fill(0)
    this.#done = this.#consumed = this.#sent
    this.#due = 0
    this.#settle = this.#query = null
    this.#unread.clear()
    this.status = 'I'
    this.#reader = this.#newReader(false)
    const worker = new Worker(fileURLToPath(new URL('worker.mjs', import.meta.url)), {
      workerData: { ...options, port: port2, counters: this.#shared.buffer },
      transferList: [port2],
    })
    this.#worker = worker
    this.#port = port1
    await new Promise((resolve, reject) => {
      worker.once('error', reject)
      worker.once('exit', (code) => reject(new Error(`the engine's thread ended with code ${code}`)))
      port1.on('message', (note) => (note.ready ? resolve(null) : this.#onNote(note)))
    })
    worker.removeAllListeners()
    worker.once('error', (error) => this.#broke(worker, error))
    worker.once('exit', (code) => this.#broke(worker, new Error(`the engine's thread ended with code ${code}`)))
  }

  /** True when nothing that was sent is still being worked on. */
  get idle() {
    return this.#done === this.#sent
  }

  /** True when everything that was sent is answered, though the engine may still be at its last steps. */
  get answered() {
    return this.idle || this.#due <= 0
  }

  /** True while PostgreSQL waits for more of a COPY. */
  get starving() {
    return !this.idle && !this.#unread.size && this.#asked
  }

  /** Bytes sent that the engine has not read yet. */
  get unread() {
    let sum = 0
    for (const size of this.#unread.values()) sum += size
    return sum
  }

  /** @param {Buffer[]} parts  whole messages of one client */
  send(parts) {
    const size = parts.reduce((sum, part) => sum + part.length, 0)
    const bytes = new Uint8Array(size)
    let at = 0
    for (const part of parts) {
      bytes.set(part, at)
      at += part.length
    }
    const id = ++this.#sent
    this.#due += parts.filter((part) => 'QSF'.includes(String.fromCharCode(part[0]))).length
    this.#unread.set(id, size)
    this.#port?.postMessage({ id, bytes }, [bytes.buffer])
    Atomics.add(this.#shared, INBOX, 1)
    Atomics.notify(this.#shared, INBOX)
  }

  /**
   * Runs a statement of the bridge itself; only while no client has the session.
   * @param {string} sql
   * @returns {Promise<(string | null)[][]>} the rows as text
   */
  async query(sql) {
    const { rows, error } = await this.run([message('Q', sql)])
    if (error) throw error
    return rows
  }

  /**
   * Runs one statement of the bridge itself within a client's transaction, under the name `quant_engine`: what has no name is the client's.
   * @param {string} sql
   */
  async aside(sql) {
    const name = 'quant_engine'
    const { rows, error } = await this.run([
      message('P', name, sql, int16(0)),
      message('B', name, name, int16(0), int16(0), int16(0)),
      message('E', name, 0),
      message('C', Buffer.from('P'), name),
      message('C', Buffer.from('S'), name),
      message('S'),
    ])
    if (error) throw error
    return rows
  }

  /**
   * Runs messages of the bridge itself; nothing of their answer reaches a client.
   * @param {Buffer[]} parts
   */
  async run(parts) {
    const collected = { rows: /** @type {(string | null)[][]} */ ([]), error: /** @type {EngineError | null} */ (null) }
    this.#query = collected
    this.#reader = this.#newReader(true)
    const settled = new Promise((resolve, reject) => (this.#settle = { resolve, reject }))
    this.send(parts)
    try {
      await settled
    } finally {
      this.#query = null
      this.#settle = null
      this.#reader = this.#newReader(false)
    }
    return collected
  }

  /**
   * Asks PostgreSQL to give up the running statement; it hears when it next reads, writes or touches a file.
   * @returns {number} what runs now, for `deaf`
   */
  cancel() {
    Atomics.store(this.#shared, CANCEL, 1)
    return this.#sent
  }

  /** Whether what `cancel` was asked of still runs and has not heard of it. @param {number} upTo */
  deaf(upTo) {
    return this.#done < upTo && Atomics.load(this.#shared, CANCEL) === 1
  }

  /** Ends the thread where it stands; the data folder recovers at the next `open`. */
  async kill() {
    const worker = this.#worker
    this.#worker = null
    this.#port?.close()
    worker?.removeAllListeners()
    await worker?.terminate()
  }

  /** Writes everything to disk and ends the thread. */
  async close() {
    await this.run([message('S'), message('Q', 'rollback'), message('Q', 'checkpoint')])
    this.#worker?.removeAllListeners()
    this.#port?.postMessage({ close: true })
    await new Promise((resolve) => {
      this.once('closed', resolve)
      this.#worker?.once('exit', resolve)
      this.#worker?.once('error', resolve)
    })
    await this.kill()
  }

  /** @param {any} note */
  #onNote(note) {
    if (note.bytes) return this.#onBytes(note.bytes)
    if (note.closed) return this.emit('closed')
    const upTo = note.done ?? note.consumed
    while (this.#consumed < upTo) this.#unread.delete(++this.#consumed)
    this.#asked = note.consumed !== undefined
    this.emit('consumed')
    if (note.done === undefined) return
    this.#done = note.done
    if (!this.idle) return
    Atomics.store(this.#shared, CANCEL, 0)
    // Whatever PostgreSQL left unanswered, in skipping to a Sync after an error, it has passed over by now.
    this.#due = 0
    if (this.#settle) this.#settle.resolve(null)
    else this.emit('idle')
  }

  /** @param {Uint8Array} bytes */
  #onBytes(bytes) {
    const parts = this.#reader.read(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    const release = () => {
      Atomics.sub(this.#shared, IN_FLIGHT, bytes.length)
      Atomics.notify(this.#shared, IN_FLIGHT)
    }
    if (this.#query || !parts.length) return release()
    this.emit('data', parts, release)
  }

  /** @param {boolean} collecting  whether rows and errors are wanted here */
  #newReader(collecting) {
    return new BackendReader(collecting ? 'ZSNCDE' : 'ZSNC', (seen) => this.#onMessage(seen))
  }

  /** @param {import('./protocol.mjs').Message} seen */
  #onMessage({ type, bytes }) {
    const query = this.#query
    if (type === 'Z') {
      this.status = String.fromCharCode(bytes[5])
      this.#due--
      if (this.status === 'I') this.emit('free')
    } else if (type === 'S') {
      const name = cstring(bytes, 5)
      this.parameters.set(name.text, cstring(bytes, name.next).text)
    } else if (type === 'D') query?.rows.push(rowValues(bytes))
    else if (type === 'E' && query) query.error ??= new EngineError(errorFields(bytes))
    // PGlite tells each rollback as a warning of its own making; PostgreSQL does not.
    else if (type === 'N') return !query && !errorFields(bytes).M.startsWith('# ')
    else if (type === 'C') this.emit('command', cstring(bytes, 5).text)
    return !query
  }

  /** @param {Worker} worker @param {Error} error */
  #broke(worker, error) {
    if (worker !== this.#worker) return
    this.#settle?.reject(error)
    this.emit('crash', error)
  }
}
