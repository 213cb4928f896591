/** The listening side: who is connected, who may cancel whom, and when there is nobody left to serve. */
import { createServer } from 'node:net'
import { once } from 'node:events'
import { Client } from './client.mjs'
import { errorResponse, int16, message } from './protocol.mjs'

export class Server {
  /** @type {Map<number, Client>} by process id as told to the client */
  clients = new Map()
  /** When a client of the database last came or went, in ms. */
  lastServed = Date.now()
  #listener = createServer((socket) => this.#accept(socket))

  /**
   * @param {import('./engine.mjs').Engine} engine
   * @param {import('./session.mjs').Session} session
   * @param {{database: string, user: string, verifier: ReturnType<typeof import('./auth.mjs').verifier>}} access
   * @param {(text: string) => void} log
   */
  constructor(engine, session, access, log) {
    this.engine = engine
    this.session = session
    this.access = access
    this.log = log
    /** What a new connection is told. @type {Map<string, string>} */
    this.parameters = new Map()
    this.version = ''
  }

  /** @param {string} host @param {number} port */
  async listen(host, port) {
    this.parameters = new Map(this.engine.parameters)
    const [[version]] = await this.engine.query("select 'PostgreSQL ' || current_setting('server_version') || ', TimescaleDB ' || extversion from pg_extension where extname = 'timescaledb'")
    this.version = String(version)
    this.#listener.listen(port, host)
    await once(this.#listener, 'listening')
  }

  /** @param {import('node:net').Socket} socket */
  #accept(socket) {
    const client = new Client(socket, this)
    this.clients.set(client.key.pid, client)
  }

  /** @param {Client} client */
  forget(client) {
    this.clients.delete(client.key.pid)
    if (client.served) this.lastServed = Date.now()
    this.session.leave(client)
  }

  /** @param {number} pid @param {Buffer} secret */
  cancel(pid, secret) {
    const client = this.clients.get(pid)
    if (client?.key.secret.equals(secret)) this.session.cancel(client)
  }

  /** The clients of the database. */
  get served() {
    return [...this.clients.values()].filter((client) => client.served)
  }

  /** The answer to any query of a client that asks the bridge itself: one row. */
  status() {
    const people = this.served
    const { owner, queue } = this.session
    const values = [this.version, people.length, queue.length, owner ? `client ${owner.id} ${owner.application}` : ''].map(String)
    const names = ['version', 'clients', 'waiting', 'busy_with']
    const columns = names.flatMap((name) => [name, 0, int16(0), 25, int16(-1), -1, int16(0)])
    const fields = values.flatMap((value) => [Buffer.byteLength(value), Buffer.from(value)])
    return Buffer.concat([
      message('T', int16(names.length), ...columns),
      message('D', int16(values.length), ...fields),
      message('C', 'STATUS'),
      message('Z', Buffer.from('I')),
    ])
  }

  /** Lets the running statement end, tells every client, and closes the engine. */
  async close() {
    this.#listener.close()
    const closed = this.session.close()
    for (const client of this.clients.values()) {
      if (client !== this.session.owner) client.end(errorResponse('FATAL', '57P01', 'the engine is being stopped'))
    }
    await closed
    for (const client of this.clients.values()) client.end(errorResponse('FATAL', '57P01', 'the engine is being stopped'))
  }
}
