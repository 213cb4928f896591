/** One connection: its log-in, its messages on their way to the session, its answers on their way back. */
import { randomBytes, randomInt } from 'node:crypto'
import { Login } from './auth.mjs'
import { cstring, errorResponse, FrontendReader, message, ProtocolError } from './protocol.mjs'
import { newState } from './state.mjs'

const PROTOCOL_3 = 196608
const CANCEL_REQUEST = 80877102
const SSL_REQUEST = 80877103
const GSS_REQUEST = 80877104
const LOGIN_TIMEOUT = 30_000
/** A statement longer than this is not looked through. */
const SCANNED = 1024 * 1024
/** Under this name the bridge answers for itself. */
const ADMIN_DATABASE = 'engine'
/** Bytes of messages kept for a client before its socket is paused. */
const BACKLOG = 4 * 1024 * 1024
/** Settings that PostgreSQL reports by itself, in the spelling it uses. */
const REPORTED = new Map(['application_name', 'client_encoding', 'DateStyle', 'IntervalStyle', 'TimeZone'].map((name) => [name.toLowerCase(), name]))

let lastId = 0

/** @typedef {import('./server.mjs').Server} Server */

export class Client {
  id = ++lastId
  key = { pid: randomInt(1, 2 ** 31 - 1), secret: randomBytes(4) }
  application = ''
  gone = false
  /** Connected to the bridge itself, not to the database. */
  admin = false
  /** A batch of the extended protocol has begun and its Sync has not been sent on. */
  midBatch = false
  /** The command that begins its transaction again, when that was ended meanwhile for others to go first. */
  suspended = ''
  /** Its transaction may hold what cannot be seen from outside. */
  mayHoldMore = false
  /** Some prepared statement of its may, when it is executed. */
  #prepared = false
  /** What this client was last told of the reported settings. @type {Map<string, string>} */
  parameters = new Map()
  /** Its settings and statements while another client has the session. */
  state = newState([])
  #server
  #socket
  #reader = new FrontendReader()
  /** @type {Login | null} */
  #login = null
  /** @type {Buffer[]} */
  #messages = []
  #backlog = 0
  /** @type {Buffer | null} */
  #lastUnnamed = null
  #loginTimer

  /** @param {import('node:net').Socket} socket @param {Server} server */
  constructor(socket, server) {
    this.#socket = socket
    this.#server = server
    socket.setNoDelay(true)
    socket.setKeepAlive(true, 60_000)
    socket.on('data', (chunk) => this.#onData(/** @type {Buffer} */ (chunk)))
    socket.on('error', () => {})
    // A client that closes its side is gone; what it does not read any more must not hold up the others.
    socket.on('end', () => socket.destroy())
    socket.on('close', () => this.#leave())
    this.#loginTimer = setTimeout(() => this.end(), LOGIN_TIMEOUT)
  }

  /** @param {Buffer} chunk */
  #onData(chunk) {
    try {
      for (const { type, bytes } of this.#reader.read(chunk)) {
        if (this.gone) return
        if (type === 'startup') this.#onStartup(bytes)
        else if (this.#reader.phase === 'login') this.#onPassword(type, bytes)
        else if (type === 'X') return this.end()
        else this.#onMessage(bytes)
      }
      if (this.#messages.length) this.#server.session.want(this)
    } catch (error) {
      const known = error instanceof ProtocolError
      if (!known) this.#server.log(`client ${this.id}: ${/** @type {Error} */ (error).stack}`)
      this.end(errorResponse('FATAL', known ? '08P01' : 'XX000', String(/** @type {Error} */ (error).message)))
    }
    this.flow()
  }

  /** @param {Buffer} bytes */
  #onStartup(bytes) {
    const code = bytes.readUInt32BE(4)
    if (code === SSL_REQUEST || code === GSS_REQUEST) {
      this.#server.lastServed = Date.now() // who asks so will come: `ensure_running` does, before a command connects
      return void this.#socket.write('N')
    }
    if (code === CANCEL_REQUEST) {
      if (bytes.length === 16) this.#server.cancel(bytes.readInt32BE(8), bytes.subarray(12))
      return this.end()
    }
    if (code >>> 16 !== PROTOCOL_3 >>> 16) throw new ProtocolError(`unsupported frontend protocol ${code >>> 16}.${code & 0xffff}: this engine speaks 3.0`)
    /** @type {Map<string, string>} */
    const given = new Map()
    for (let at = 8; at < bytes.length - 1;) {
      const name = cstring(bytes, at)
      const value = cstring(bytes, name.next)
      given.set(name.text, value.text)
      at = value.next
    }
    const unknown = [...given.keys()].filter((name) => name.startsWith('_pq_.'))
    if (code !== PROTOCOL_3 || unknown.length) this.#socket.write(message('v', PROTOCOL_3, unknown.length, ...unknown))
    this.#greet(given)
  }

  /** @param {Map<string, string>} given  parameters of the startup packet */
  #greet(given) {
    const { database, user, verifier } = this.#server.access
    const wanted = given.get('database') ?? given.get('user')
    if (given.get('user') !== user) {
      return this.end(errorResponse('FATAL', '28P01', `password authentication failed for user "${given.get('user') ?? ''}"`, `This engine has one user, "${user}".`))
    }
    this.admin = wanted === ADMIN_DATABASE
    if (!this.admin) this.#server.lastServed = Date.now()
    if (wanted !== database && !this.admin) {
      return this.end(errorResponse('FATAL', '3D000', `database "${wanted}" does not exist`, `This engine serves one database, "${database}".`))
    }
    if (given.has('replication') && given.get('replication') !== 'false') {
      return this.end(errorResponse('FATAL', '0A000', 'this engine has no replication'))
    }
    this.application = given.get('application_name') ?? ''
    this.state = newState(startupSettings(given))
    this.#login = new Login(verifier)
    this.#reader.phase = 'login'
    this.#socket.write(Login.request())
  }

  /** @param {string} type @param {Buffer} bytes */
  #onPassword(type, bytes) {
    if (type !== 'p' || !this.#login) throw new ProtocolError('expected a password message')
    const { answer, done } = this.#login.next(bytes)
    if (!answer) {
      const text = `password authentication failed for user "${this.#server.access.user}"`
      return this.end(errorResponse('FATAL', '28P01', text, 'The password is in connection.json in the folder of the engine.'))
    }
    this.#socket.write(answer)
    if (!done) return
    clearTimeout(this.#loginTimer)
    this.#login = null
    this.#reader.phase = 'session'
    this.parameters = new Map(this.#server.parameters)
    for (const [name, value] of this.state.settings) {
      const reported = REPORTED.get(name.toLowerCase())
      if (reported) this.parameters.set(reported, reported === 'client_encoding' ? value.replace(/^utf-?8$/i, 'UTF8') : value)
    }
    this.#socket.write(Buffer.concat([
      ...[...this.parameters].map(([name, value]) => message('S', name, value)),
      message('K', this.key.pid, this.key.secret),
      message('Z', Buffer.from('I')),
    ]))
  }

  /** @param {Buffer} bytes */
  #onMessage(bytes) {
    if (this.admin) return void this.#socket.write(this.#server.status())
    this.#messages.push(bytes)
    this.#backlog += bytes.length
  }

  /** The unnamed statement that the messages at hand want to use, as it was parsed before; null if they bring their own. */
  get unnamed() {
    return 'QP'.includes(String.fromCharCode(this.#messages[0]?.[0] ?? 80)) ? null : this.#lastUnnamed
  }

  /** Whether results wait that this client does not read. */
  get slow() {
    return this.#socket.writableLength > 0
  }

  get hasMessages() {
    return this.#messages.length > 0
  }

  /** Hands over the messages that wait, and knows from the last of them whether the batch is whole. */
  takeBatch() {
    const parts = this.#messages
    this.#messages = []
    this.#backlog = 0
    for (const part of parts) {
      const type = String.fromCharCode(part[0])
      if ('PBEDCH'.includes(type)) this.midBatch = true
      else if (type === 'S') this.midBatch = false
      if ('QP'.includes(type)) {
        const text = part.length > SCANNED ? '' : part.toString('latin1', 5)
        const holds = !text || /set_config|advisory/i.test(text)
        this.mayHoldMore ||= holds || (this.#prepared && /execute/i.test(text))
        this.#prepared ||= holds && (type === 'P' ? part[5] !== 0 : /prepare/i.test(text))
      } else if (type === 'B') this.mayHoldMore ||= this.#prepared
      // A portal of which only some rows were asked for may be asked for more.
      if (type === 'E' && part.readInt32BE(part.length - 4) > 0) this.mayHoldMore = true
      if (type === 'P' && part[5] === 0) this.#lastUnnamed = part
      else if (type === 'Q') this.#lastUnnamed = null
    }
    return parts
  }

  /** Forgets a whole batch that waits for its turn, as a cancelled statement. @returns {boolean} whether there was one */
  dropBatch() {
    const ends = this.#messages.filter((part) => 'QS'.includes(String.fromCharCode(part[0])))
    if (this.suspended || !ends.length || ends.at(-1) !== this.#messages.at(-1)) return false
    this.#messages = []
    this.#backlog = 0
    for (const _ of ends) {
      this.#socket.write(errorResponse('ERROR', '57014', 'canceling statement due to user request'))
      this.#socket.write(message('Z', Buffer.from('I')))
    }
    this.flow()
    return true
  }

  /** Whether this is a client of the database, let in. */
  get served() {
    return this.#reader.phase === 'session' && !this.admin
  }

  /** Pauses or resumes the socket by what is already waiting. */
  flow() {
    const waiting = this.#backlog + (this.#server.session.owner === this ? this.#server.engine.unread : 0)
    if (waiting > BACKLOG) this.#socket.pause()
    else this.#socket.resume()
  }

  /** @param {Buffer[]} parts @param {() => void} release  called when the network has them */
  write(parts, release) {
    if (this.gone || this.#socket.destroyed) return release()
    this.#socket.cork()
    parts.forEach((part, place) => this.#socket.write(part, place === parts.length - 1 ? release : undefined))
    this.#socket.uncork()
  }

  /** Reports settings that PostgreSQL spells otherwise than this client was told. @param {Map<string, string>} actual */
  tellParameters(actual) {
    for (const [name, value] of actual) {
      if (this.parameters.get(name) === value) continue
      this.parameters.set(name, value)
      this.#socket.write(message('S', name, value))
    }
  }

  /** Ends the connection. @param {Buffer} [last] */
  end(last) {
    if (this.gone) return
    if (last) this.#socket.write(last)
    this.#leave()
    this.#socket.end()
    setTimeout(() => this.#socket.destroy(), 5000).unref()
  }

  #leave() {
    if (this.gone) return
    this.gone = true
    clearTimeout(this.#loginTimer)
    this.#messages = []
    this.#server.forget(this)
  }
}

/** @param {Map<string, string>} given @returns {[string, string][]} */
function startupSettings(given) {
  /** @type {[string, string][]} */
  const settings = []
  const words = (given.get('options') ?? '').match(/(?:\\.|\S)+/gs)?.map((word) => word.replace(/\\(.)/gs, '$1')) ?? []
  for (let place = 0; place < words.length; place++) {
    const text = words[place] === '-c' ? words[++place] ?? '' : words[place].replace(/^(-c|--)/, '')
    const cut = text.indexOf('=')
    if (cut > 0) settings.push([text.slice(0, cut).replaceAll('-', '_'), text.slice(cut + 1)])
  }
  for (const [name, value] of given) {
    if (!['user', 'database', 'options', 'replication'].includes(name) && !name.startsWith('_pq_.')) settings.push([name, value])
  }
  return settings
}
