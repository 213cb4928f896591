/** SCRAM-SHA-256 (RFC 5802, 7677) as PostgreSQL's server speaks it, against a verifier made at start. */
import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto'
import { int32, message, ProtocolError } from './protocol.mjs'

const ITERATIONS = 4096
const MECHANISM = 'SCRAM-SHA-256'

/** @param {Buffer} key @param {string | Buffer} text */
const hmac = (key, text) => createHmac('sha256', key).update(text).digest()
/** @param {Buffer} data */
const sha256 = (data) => createHash('sha256').update(data).digest()

/**
 * @param {string} password
 * @returns {{salt: Buffer, storedKey: Buffer, serverKey: Buffer}}
 */
export function verifier(password) {
  const salt = randomBytes(16)
  const salted = pbkdf2Sync(password, salt, ITERATIONS, 32, 'sha256')
  return { salt, storedKey: sha256(hmac(salted, 'Client Key')), serverKey: hmac(salted, 'Server Key') }
}

/** One client's log-in: two messages of its own, each with an answer. */
export class Login {
  #verifier
  #nonce = ''
  #clientFirst = ''
  #serverFirst = ''

  /** @param {ReturnType<typeof verifier>} known */
  constructor(known) {
    this.#verifier = known
  }

  /** The message that asks for SCRAM. */
  static request() {
    return message('R', 10, MECHANISM, Buffer.from([0]))
  }

  /**
   * @param {Buffer} bytes  the client's SASLInitialResponse or SASLResponse
   * @returns {{answer: Buffer | null, done: boolean}} a null answer means a wrong password
   */
  next(bytes) {
    return this.#serverFirst ? this.#proof(bytes.toString('utf8', 5)) : this.#first(bytes)
  }

  /** @param {Buffer} bytes */
  #first(bytes) {
    const end = bytes.indexOf(0, 5)
    if (end < 0 || bytes.toString('latin1', 5, end) !== MECHANISM || end + 5 > bytes.length) {
      throw new ProtocolError(`client selected an invalid SASL authentication mechanism, this engine knows ${MECHANISM}`)
    }
    const text = bytes.toString('utf8', end + 5)
    const parsed = /^(?:n|y),[^,]*,(n=[^,]*,r=([^,]+).*)$/s.exec(text)
    if (!parsed) throw new ProtocolError('malformed SCRAM message')
    this.#clientFirst = parsed[1]
    this.#nonce = parsed[2] + randomBytes(18).toString('base64')
    this.#serverFirst = `r=${this.#nonce},s=${this.#verifier.salt.toString('base64')},i=${ITERATIONS}`
    return { answer: message('R', 11, Buffer.from(this.#serverFirst)), done: false }
  }

  /** @param {string} text */
  #proof(text) {
    const parsed = /^(c=[^,]*,r=([^,]+)),p=([^,]+)$/.exec(text)
    if (!parsed) throw new ProtocolError('malformed SCRAM message')
    const [, withoutProof, nonce, proof] = parsed
    const { storedKey, serverKey } = this.#verifier
    const transcript = `${this.#clientFirst},${this.#serverFirst},${withoutProof}`
    const signature = hmac(storedKey, transcript)
    const given = Buffer.from(proof, 'base64')
    if (nonce !== this.#nonce || given.length !== signature.length) return { answer: null, done: true }
    const clientKey = Buffer.from(given.map((byte, place) => byte ^ signature[place]))
    if (!timingSafeEqual(sha256(clientKey), storedKey)) return { answer: null, done: true }
    const final = `v=${hmac(serverKey, transcript).toString('base64')}`
    return { answer: Buffer.concat([message('R', 12, Buffer.from(final)), message('R', int32(0))]), done: true }
  }
}
