/**
 * What belongs to a client and lives in the one session: settings, prepared statements, temporary tables, advisory locks. It is read
 * when another client's turn comes and given back when the first one's comes again, so that each sees a session of its own.
 */
import { int16, int32, message } from './protocol.mjs'

/** @typedef {{name: string, sql: string, types: number[], fromSql: boolean}} Statement  `types` are OIDs; made by PREPARE, `sql` is that command */
/** @typedef {{oid: string, name: string, kind: 'table' | 'view' | 'sequence' | 'index', owned: boolean}} Temporary  `owned` by a table, and gone with it */

/**
 * @typedef {object} State
 * @property {[string, string][]} settings
 * @property {Statement[]} statements
 * @property {Temporary[]} temporaries  renamed after their OID while the client is away
 * @property {string[]} locks  as classid:objid:objsubid:mode
 */

/** Puts the session back to what a new connection finds. */
const RESET = 'close all; unlisten *; deallocate all; discard sequences; reset session authorization; reset all'

/** @type {Record<string, Temporary['kind']>} by pg_class.relkind */
const KINDS = { v: 'view', S: 'sequence', i: 'index', I: 'index' }

const CAPTURE = `
select 'setting', name, setting, null, null from pg_catalog.pg_show_all_settings() where source = 'session'
union all
select 'setting', 'role', pg_catalog.current_setting('role'), null, null where pg_catalog.current_setting('role') <> 'none'
union all
select 'statement', name, statement, pg_catalog.array_to_string(parameter_types::oid[], ','), from_sql::text
from pg_catalog.pg_prepared_statements
union all
select 'temporary', relname, oid::text, relkind::text,
    (relkind in ('i', 'I') or exists (select from pg_catalog.pg_depend as d where d.objid = pg_class.oid and d.deptype in ('a', 'i') and relkind = 'S'))::text
from pg_catalog.pg_class
where relnamespace = pg_catalog.pg_my_temp_schema()
    and relkind in ('r', 'p', 'f', 'v', 'S', 'i', 'I')
    and relname !~ '^~[0-9]+$'
union all
select 'lock', classid || ':' || objid || ':' || objsubid || ':' || mode, null, null, null
from pg_catalog.pg_locks
where locktype = 'advisory'`

/** @param {[string, string][]} settings @returns {State} */
export function newState(settings) {
  return { settings, statements: [], temporaries: [], locks: [] }
}

/**
 * Reads what the present client has in the session.
 * @param {import('./engine.mjs').Engine} engine
 * @param {State[]} others  those of all other clients: PostgreSQL cannot tell whose a lock is
 * @returns {Promise<State>}
 */
export async function capture(engine, others) {
  const state = newState([])
  const elsewhere = new Set(others.flatMap(keys))
  for (const [kind, text, value, types, fromSql] of await engine.query(CAPTURE)) {
    const name = String(text)
    if (kind === 'setting') state.settings.push([name, value ?? ''])
    else if (kind === 'lock') {
      if (!elsewhere.has(key(name))) state.locks.push(name)
    }
    else if (kind === 'temporary') {
      state.temporaries.push({ oid: String(value), name, kind: KINDS[types ?? ''] ?? 'table', owned: fromSql === 'true' })
    } else {
      state.statements.push({ name, sql: value ?? '', types: types ? types.split(',').map(Number) : [], fromSql: fromSql === 'true' })
    }
  }
  return state
}

/**
 * Gives the session from one client to another.
 * @param {import('./engine.mjs').Engine} engine
 * @param {{from: State | null, gone: State[], to: State, others: State[]}} change  `gone` are the states of clients that left,
 *   `others` those of all clients that stay away
 */
export async function change(engine, { from, gone, to, others }) {
  const steps = [RESET]
  for (const { oid, name, kind } of from?.temporaries ?? []) steps.push(`alter ${kind} pg_temp.${identifier(name)} rename to "~${oid}"`)
  for (const state of gone) {
    for (const { oid, kind } of state.temporaries.filter(({ owned }) => !owned)) steps.push(`drop ${kind} if exists pg_temp."~${oid}" cascade`)
    for (const lock of state.locks) {
      const [classid, objid, objsubid, mode] = lock.split(':')
      // As often as it was taken: PostgreSQL counts, and shows it once.
      steps.push(`do 'begin while quant_engine.unlock(${classid}, ${objid}, ${objsubid}, ''${mode}'') loop end loop; end'`)
    }
  }
  await engine.query(steps.join('; '))
  // These in a transaction of their own: a setting that PostgreSQL refuses must not keep the last client's things in the session.
  const given = []
  for (const { oid, name, kind } of to.temporaries) given.push(`alter ${kind} if exists pg_temp."~${oid}" rename to ${identifier(name)}`)
  const settings = [...to.settings, ['quant_engine.elsewhere', `,${others.flatMap(keys).join(',')},`]]
  const calls = settings.map(([name, value]) => `pg_catalog.set_config(${literal(name)}, ${literal(value)}, false)`)
  given.push(`select ${calls.join(', ')}`)
  await engine.query(given.join('; '))
  // A statement whose table is gone since cannot be prepared again; its client then hears that it does not exist.
  if (to.statements.length) await engine.run(to.statements.flatMap(prepare))
}

/** @param {State} state */
function keys({ locks }) {
  return locks.map(key)
}

/** What a lock locks, without its mode. @param {string} lock */
function key(lock) {
  return lock.replace(/:[^:]*$/, '')
}

/** @param {Statement} statement */
function prepare({ name, sql, types, fromSql }) {
  if (fromSql) return [message('Q', commandFor(name, sql))]
  return [message('P', name, sql, int16(types.length), ...types.map(int32)), message('S')]
}

/** What a semicolon may stand in without ending a command: strings, quoted names, comments. */
const PIECES = /\be'(?:\\.|''|[^'\\])*'|'(?:''|[^'])*'|"(?:""|[^"])*"|\$(\w*)\$.*?\$\1\$|--[^\n]*|\/\*.*?\*\/|;|\w+|[^;]/gis

/**
 * The PREPARE itself: PostgreSQL remembers all that was sent along with it, which must not run again.
 * @param {string} name @param {string} sql
 */
function commandFor(name, sql) {
  const commands = ['']
  for (const [piece] of sql.matchAll(PIECES)) {
    if (piece === ';') commands.push('')
    else commands[commands.length - 1] += /^(--|\/\*)/.test(piece) ? ' ' : piece
  }
  return commands.findLast((command) => {
    const named = /^\s*prepare\s*("(?:""|[^"])*"|\w+)/i.exec(command)?.[1]
    return named === identifier(name) || named?.toLowerCase() === name
  }) ?? ''
}

/** @param {string} text */
export function literal(text) {
  return ` E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
}

/** @param {string} text */
function identifier(text) {
  return `"${text.replaceAll('"', '""')}"`
}
