/**
 * The queue for the one session. A client has it from the first message of a batch until PostgreSQL is outside of a transaction again;
 * the others wait in order.
 */
import { EngineError } from './engine.mjs'
import { errorResponse, message } from './protocol.mjs'
import { capture, change, newState } from './state.mjs'

/** @typedef {import('./client.mjs').Client} Client */

/** The settings that PostgreSQL reports to a new connection, under the names it uses. */
const REPORTED = `
select name, pg_catalog.current_setting(name)
from pg_catalog.unnest(array['server_version', 'server_encoding', 'client_encoding', 'application_name', 'is_superuser',
    'default_transaction_read_only', 'in_hot_standby', 'session_authorization', 'DateStyle', 'IntervalStyle', 'TimeZone',
    'integer_datetimes', 'standard_conforming_strings', 'scram_iterations']) as name`

/**
 * Whether the open transaction has done nothing but read, each statement with a snapshot of its own, and holds nothing: then to end it and
 * to begin it again later makes no difference to its client.
 */
const ONLY_READ = `
select
    pg_catalog.pg_current_xact_id_if_assigned() is null
        and pg_catalog.current_setting('transaction_isolation') = 'read committed'
        and not exists (select from pg_catalog.pg_cursors where name not in ('', 'quant_engine'))
        and not exists (select from pg_catalog.pg_locks where locktype = 'relation' and mode <> 'AccessShareLock'),
    case pg_catalog.current_setting('transaction_read_only') when 'on' then 'begin read only' else 'begin read write' end`
const SUSPEND_AFTER = 200

/** Whether more of the log was written since the last checkpoint than a folder should carry. */
const CHECKPOINT_DUE = 'select pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), redo_lsn) > 67108864 from pg_catalog.pg_control_checkpoint()'

/** Times in ms: a cancel that PostgreSQL does not hear ends the engine; a stop gives a COPY and a slow reader this long. */
const CANCEL_PATIENCE = 5_000
const STOP_COPY = 10_000
const STOP_READER = 60_000

/** What a statement's client hears when the engine had to be opened anew. */
const BROKEN = 'the engine broke while running this statement and is opened anew; what was committed is safe, connect again'
const CANCELLED = 'canceling statement due to user request; it did not listen, so the engine is opened anew: connect again'

export class Session {
  #engine
  #options
  #log
  /** Whose turn it is. @type {Client | null} */
  owner = null
  /** @type {Client[]} */
  queue = []
  /** All clients that ever had a turn and are connected. @type {Set<Client>} */
  #clients = new Set()
  /** Whose settings are in the session now. @type {Client | null} */
  #current = null
  /** States of clients that left, not yet cleared away. @type {import('./state.mjs').State[]} */
  #gone = []
  /** True while the bridge itself uses the session, or the engine is not open. */
  #busy = true
  /** The session must change hands even if the same client comes again. */
  #stale = false
  /** The owner's transaction may be one that only reads. */
  #onlyRead = true
  /** @type {NodeJS.Timeout | null} */
  #suspending = null
  #lastActivity = 0
  #told = false
  /** A second is over in which something was done: the log may have grown. */
  #mayCheckpoint = false
  /** What runs may end, nothing more is begun. */
  #closing = false

  /**
   * @param {import('./engine.mjs').Engine} engine
   * @param {{open: Parameters<import('./engine.mjs').Engine['open']>[0], idleInTransaction: number, waitingWarning: number}} options  times in ms
   * @param {(text: string) => void} log
   */
  constructor(engine, options, log) {
    this.#engine = engine
    this.#options = options
    this.#log = log
    engine.on('data', (parts, release) => this.#onData(parts, release))
    engine.on('idle', () => this.#onIdle())
    engine.on('consumed', () => this.owner?.flow())
    engine.on('free', () => {
      this.#onlyRead = true
      // Unless it has sent more meanwhile, which may.
      if (this.owner && engine.answered && !this.owner.midBatch) this.owner.mayHoldMore = false
    })
    // These take the list of locks held elsewhere out of the session.
    engine.on('command', (tag) => {
      this.#stale ||= tag === 'RESET' || tag === 'DISCARD ALL'
      if (!this.#busy) this.#onlyRead &&= /^(BEGIN|SELECT|SHOW|COPY)/.test(tag)
    })
    engine.on('crash', (error) => this.#onCrash(error))
    setInterval(() => {
      this.#mayCheckpoint = Date.now() - this.#lastActivity < 5_000
      if (this.#mayCheckpoint) this.#next()
      this.#watch()
    }, 1000).unref()
  }

  /** Opens the engine; clients are served from then on. */
  async open() {
    await this.#engine.open(this.#options.open)
    // A server preloads it; without it, TimescaleDB knows nothing of its Community features after a restart.
    await this.#engine.query("load 'timescaledb'")
    await change(this.#engine, { from: null, gone: [], to: newState([]), others: [] })
    for (const [name, value] of await this.#engine.query(REPORTED)) this.#engine.parameters.set(String(name), value ?? '')
    this.#engine.parameters.set('quant_embedded', 'on') // whoever came by another name learns that there is one session
    this.#busy = false
    this.#next()
  }

  /** The client has messages. @param {Client} client */
  want(client) {
    if (client === this.owner) {
      // Answered but not yet idle, its turn is about to end; it must, when the list of locks is to be put back.
      const ending = this.#engine.answered && !this.#engine.idle && !client.midBatch
      if (!this.#busy && !(this.#stale && ending)) this.#pump()
    } else if (!this.queue.includes(client)) {
      this.queue.push(client)
      this.#next()
      this.#suspendSoon()
    }
  }

  /** The client is gone, in whatever state. @param {Client} client */
  leave(client) {
    this.queue = this.queue.filter((other) => other !== client)
    this.#clients.delete(client)
    if (client !== this.#current && (client.state.locks.length || client.state.temporaries.length)) this.#gone.push(client.state)
    if (client !== this.owner || this.#busy) return
    if (this.#engine.idle) this.#abandon()
    else this.#interrupt('the client went away')
  }

  /** Cancels what this client runs or waits for. @param {Client} client */
  cancel(client) {
    if (client !== this.owner) {
      if (client.dropBatch()) this.queue = this.queue.filter((other) => other !== client)
    } else if (!this.#busy) this.#interrupt('canceling statement due to user request')
  }

  /** Lets the running statement end, then closes the engine. */
  async close() {
    this.queue = []
    this.#closing = true
    const since = Date.now()
    for (let told = false; this.#busy || (this.owner && !this.#engine.idle);) {
      await new Promise((resolve) => setTimeout(resolve, 20))
      const waited = Date.now() - since
      if (waited > STOP_COPY && !told) {
        this.#engine.send([message('f', 'the engine is being stopped')])
        told = true
      }
      if (waited > STOP_READER) this.owner?.end(errorResponse('FATAL', '57P01', 'the engine is being stopped'))
    }
    this.#busy = true
    this.owner = null
    await this.#engine.close()
  }

  async #next() {
    if (this.#busy || this.#closing || this.owner) return
    if (this.#mayCheckpoint && !(await this.#checkpoint())) return
    const client = this.queue.shift()
    if (!client) return
    this.owner = client
    this.#active()
    if (client !== this.#current || this.#gone.length || this.#stale || client.suspended) {
      this.#busy = true
      try {
        await this.#switchTo(client)
      } catch (error) {
        if (!(error instanceof EngineError)) return
        client.end(errorResponse('FATAL', error.code, error.message))
      }
      this.#busy = false
    }
    if (client.gone) this.#abandon()
    else this.#pump()
  }

  /** Between two turns: a server has a process for it, and here nothing else begins one, so that the log would grow for ever. */
  async #checkpoint() {
    this.#mayCheckpoint = false
    this.#busy = true
    try {
      const [[due]] = await this.#engine.aside(CHECKPOINT_DUE)
      if (due === 't') await this.#engine.aside('checkpoint')
    } catch (error) {
      if (!(error instanceof EngineError)) return false // it broke, and is opened anew
    }
    this.#busy = false
    return !this.#closing
  }

  /** Takes out what belongs to the last client and gives this one its own. @param {Client} client */
  async #switchTo(client) {
    const last = this.#current
    const away = [...this.#clients].filter((other) => other !== last).map((other) => other.state)
    const from = last ? await capture(this.#engine, [...away, ...this.#gone]) : null
    if (last && from) last.state = from
    if (last?.gone && from) this.#gone.push(from)
    this.#current = null
    if (!client.gone) this.#clients.add(client)
    const gone = this.#gone.splice(0)
    const others = [...this.#clients].filter((other) => other !== client).map((other) => other.state)
    await change(this.#engine, { from, gone, to: client.state, others })
    this.#stale = false
    this.#current = client
    if (client.suspended) await this.#engine.query(client.suspended)
    client.suspended = ''
    // Comes last: every simple query ends it.
    if (client.unnamed) await this.#engine.run([client.unnamed, message('S')])
    client.tellParameters(this.#engine.parameters)
  }

  #pump() {
    if (this.#closing && this.#engine.idle) return
    const parts = this.owner?.takeBatch()
    if (parts?.length) this.#engine.send(parts)
    this.owner?.flow()
    this.#active()
  }

  /** @param {Buffer[]} parts @param {() => void} release */
  #onData(parts, release) {
    if (!this.owner) return release()
    this.owner.write(parts, () => {
      release()
      this.#active()
    })
  }

  #onIdle() {
    const client = this.owner
    if (!client || this.#busy) return
    this.#active()
    client.parameters = new Map(this.#engine.parameters)
    if (client.gone) this.#abandon()
    else if (this.#engine.status === 'I' && !client.midBatch) {
      this.owner = null
      if (client.hasMessages) this.queue.push(client)
      this.#next()
    } else if (client.hasMessages) this.#pump()
    else this.#suspendSoon()
  }

  #suspendSoon() {
    if (!this.#suspending && this.owner && this.queue.length) this.#suspending = setTimeout(() => this.#suspend(), SUSPEND_AFTER)
  }

  /**
   * Suspends the transaction of an idle client while others wait, if nothing is lost by it. Without this, a program
   * that reads over one connection and then uses another would wait for itself.
   */
  async #suspend() {
    this.#suspending = null
    const client = this.owner
    if (!client || !this.queue.length || this.#busy || !this.#engine.idle || !this.#onlyRead) return
    if (Date.now() - this.#lastActivity < SUSPEND_AFTER / 2) return this.#suspendSoon()
    if (client.midBatch || client.mayHoldMore || this.#engine.status !== 'T') return
    this.#busy = true
    try {
      const [[may, begin]] = await this.#engine.aside(ONLY_READ)
      this.#onlyRead = may === 't'
      if (this.#onlyRead) {
        await this.#engine.query('rollback')
        client.suspended = String(begin)
        this.owner = null
        if (client.hasMessages) this.queue.push(client)
      }
    } catch (error) {
      if (!(error instanceof EngineError)) return
    }
    this.#busy = false
    if (!this.owner) this.#next()
    else if (client.gone) this.#abandon()
    else if (client.hasMessages) this.#pump()
  }

  /** The owner is gone and nothing runs: ends its batch and its transaction. */
  async #abandon() {
    this.#busy = true
    try {
      await this.#engine.run([message('S'), message('Q', 'rollback')])
    } catch {
      return
    }
    this.#busy = false
    this.owner = null
    this.#next()
  }

  /** Ends the running statement: at once if it waits for its client, else as soon as PostgreSQL listens. @param {string} why */
  #interrupt(why) {
    if (this.#engine.idle) return
    const running = this.#engine.cancel()
    this.#engine.send([message('f', why)])
    const look = () => {
      if (!this.#engine.deaf(running)) return
      // It cannot listen while it waits for a client that does not read; one that left is cut off in time.
      if (this.owner?.slow) setTimeout(look, CANCEL_PATIENCE).unref()
      else this.#onCrash(new Error(CANCELLED), CANCELLED)
    }
    setTimeout(look, CANCEL_PATIENCE).unref()
  }

  /** @param {Error} error @param {string} [told] */
  async #onCrash(error, told = BROKEN) {
    this.#log(`the engine is opened anew: ${error.stack}`)
    this.#busy = true
    const lost = new Set([this.owner, this.#current])
    this.owner = this.#current = null
    // Temporary tables and advisory locks are gone with the session that held them.
    this.#gone = []
    for (const client of this.#clients) Object.assign(client.state, { temporaries: [], locks: [] })
    for (const client of lost) client?.end(errorResponse('FATAL', told === BROKEN ? '57P02' : '57014', told))
    await this.#engine.kill()
    try {
      await this.open()
    } catch (failure) {
      this.#log(`the engine could not be reopened: ${failure}`)
      process.exit(2)
    }
  }

  #active() {
    this.#lastActivity = Date.now()
    this.#told = false
  }

  /** Looks after a client that has the session and does nothing: in a transaction, in a COPY, or with a result it does not read. */
  #watch() {
    const client = this.owner
    if (!client || this.#busy || !(this.#engine.idle || this.#engine.starving || client.slow)) return
    const idle = Date.now() - this.#lastActivity
    const who = `client ${client.id} (${client.application || 'no name'})`
    if (idle > this.#options.idleInTransaction) {
      this.#log(`${who} was idle in a transaction for ${Math.round(idle / 1000)} s and is rolled back`)
      client.end(errorResponse('FATAL', '25P03', 'terminating connection due to idle-in-transaction timeout'))
    } else if (this.queue.length && idle > this.#options.waitingWarning && !this.#told) {
      this.#told = true
      this.#log(`${who} is idle in a transaction, ${this.queue.length} others wait for it`)
    }
  }
}
