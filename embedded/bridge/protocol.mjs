/**
 * The frames of PostgreSQL's wire protocol, version 3: reading a client's messages, following the engine's, writing our own.
 */

/** A client's message longer than this is refused: the engine's whole memory is a 32-bit space. */
export const MAX_MESSAGE = 512 * 1024 * 1024
const MAX_STARTUP = 10_000
const MAX_BEFORE_LOGIN = 65_536

/** Message types a client may send once it is logged in; anything else would end the engine's backend. */
const CLIENT_TYPES = new Set([...'QPBEDCSHFXdcf'].map((letter) => letter.charCodeAt(0)))

/** A client broke the protocol; its connection ends with this sentence. */
export class ProtocolError extends Error {}

/** @typedef {{type: string, bytes: Buffer}} Message  one whole message, type byte and length included */

/** Cuts the bytes of one client into messages; bytes are copied once, however the network cut them. */
export class FrontendReader {
  /** @type {Buffer[]} */
  #chunks = []
  #size = 0
  /** @type {'startup' | 'login' | 'session'} */
  phase = 'startup'
  /** Bytes that must be there before the next message can be cut. */
  #need = 4;

  /**
   * @param {Buffer} chunk
   * @returns {Generator<Message>}
   */
  *read(chunk) {
    this.#chunks.push(chunk)
    this.#size += chunk.length
    while (this.#size >= this.#need) {
      const data = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks, this.#size)
      const total = this.#lengthOf(data)
      if (total === null || data.length < total) {
        this.#chunks = [data]
        this.#need = total ?? (this.phase === 'startup' ? 4 : 5)
        return
      }
      this.#chunks = data.length > total ? [data.subarray(total)] : []
      this.#size = data.length - total
      this.#need = 4
      const bytes = data.subarray(0, total)
      yield { type: this.phase === 'startup' ? 'startup' : String.fromCharCode(bytes[0]), bytes }
    }
  }

  /**
   * @param {Buffer} data
   * @returns {number | null} the length of the first message, or null when its head is not whole yet
   */
  #lengthOf(data) {
    if (this.phase === 'startup') {
      const length = data.readUInt32BE(0)
      if (length < 8 || length > MAX_STARTUP) throw new ProtocolError('invalid length of startup packet')
      return length
    }
    if (data.length < 5) return null
    const length = data.readUInt32BE(1)
    if (this.phase === 'session' && !CLIENT_TYPES.has(data[0])) throw new ProtocolError(`invalid frontend message type ${data[0]}`)
    const limit = this.phase === 'login' ? MAX_BEFORE_LOGIN : MAX_MESSAGE
    if (length < 4 || length > limit) {
      throw new ProtocolError(`a message of ${length} bytes is outside of what this engine takes (${limit} bytes at most)`)
    }
    return length + 1
  }
}

/**
 * Follows the engine's stream: hands on whole runs of bytes, and tells of the few messages that the bridge itself must know.
 * Rows pass untouched; only the messages named in `watched` are collected.
 */
export class BackendReader {
  #watched
  #onMessage
  /** Bytes of the present message that still have to pass. */
  #skip = 0
  /** @type {Buffer | null} */
  #partial = null

  /**
   * @param {string} watched  type letters that go to `onMessage`
   * @param {(message: Message) => boolean} onMessage  returns whether the message is to be handed on
   */
  constructor(watched, onMessage) {
    this.#watched = new Set([...watched].map((letter) => letter.charCodeAt(0)))
    this.#onMessage = onMessage
  }

  /**
   * @param {Buffer} chunk
   * @returns {Buffer[]} what is to be handed on, in order
   */
  read(chunk) {
    let data = chunk
    if (this.#partial) {
      data = Buffer.concat([this.#partial, chunk])
      this.#partial = null
    }
    /** @type {Buffer[]} */
    const out = []
    let from = 0
    let at = Math.min(this.#skip, data.length)
    this.#skip -= at
    while (at + 5 <= data.length) {
      const end = at + 1 + data.readUInt32BE(at + 1)
      if (!this.#watched.has(data[at])) {
        if (end > data.length) {
          this.#skip = end - data.length
          at = data.length
          break
        }
        at = end
        continue
      }
      if (end > data.length) break
      const handOn = this.#onMessage({ type: String.fromCharCode(data[at]), bytes: data.subarray(at, end) })
      if (!handOn) {
        if (at > from) out.push(data.subarray(from, at))
        from = end
      }
      at = end
    }
    if (at > from) out.push(data.subarray(from, at))
    if (at < data.length) this.#partial = Buffer.from(data.subarray(at))
    return out
  }
}

/**
 * @param {string} type  one letter
 * @param {...(Buffer | string | number)} parts  a string is written with its closing zero, a number as four bytes
 * @returns {Buffer}
 */
export function message(type, ...parts) {
  const body = Buffer.concat(parts.map((part) => {
    if (typeof part === 'string') return Buffer.from(`${part}\0`)
    if (typeof part === 'number') return int32(part)
    return part
  }))
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body])
}

/** @param {number} value */
export function int32(value) {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

/** @param {number} value */
export function int16(value) {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}

/**
 * @param {'ERROR' | 'FATAL'} severity
 * @param {string} code  SQLSTATE
 * @param {string} text
 * @param {string} [hint]
 */
export function errorResponse(severity, code, text, hint) {
  const fields = [`S${severity}`, `V${severity}`, `C${code}`, `M${text}`, ...(hint ? [`H${hint}`] : [])]
  return message('E', ...fields, Buffer.from([0]))
}

/**
 * @param {Buffer} bytes  an ErrorResponse or NoticeResponse
 * @returns {Record<string, string>} field letter → text
 */
export function errorFields(bytes) {
  /** @type {Record<string, string>} */
  const fields = {}
  for (const field of bytes.toString('utf8', 5).split('\0')) if (field) fields[field[0]] = field.slice(1)
  return fields
}

/**
 * @param {Buffer} bytes  a DataRow in text format
 * @returns {(string | null)[]}
 */
export function rowValues(bytes) {
  const values = []
  let at = 7
  for (let left = bytes.readInt16BE(5); left > 0; left--) {
    const length = bytes.readInt32BE(at)
    at += 4
    values.push(length < 0 ? null : bytes.toString('utf8', at, at + length))
    at += Math.max(length, 0)
  }
  return values
}

/**
 * @param {Buffer} bytes
 * @param {number} at
 * @returns {{text: string, next: number}} the zero-ended string at that place
 */
export function cstring(bytes, at) {
  const end = bytes.indexOf(0, at)
  if (end < 0) throw new ProtocolError('a string in a message has no end')
  return { text: bytes.toString('utf8', at, end), next: end + 1 }
}
