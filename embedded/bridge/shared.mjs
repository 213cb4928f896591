/** What the bridge and the engine's thread agree on. */

/** Places in the shared counters. */
export const IN_FLIGHT = 0
export const INBOX = 1
export const CANCEL = 2
export const COUNTERS = 3

/** Bytes of results that may be on their way to a client before the engine waits. */
export const IN_FLIGHT_LIMIT = 4 * 1024 * 1024
/** Results leave the engine in pieces of this size. */
export const PIECE = 128 * 1024

/** PostgreSQL's GucContext PGC_POSTMASTER and GucSource PGC_S_USER. */
export const GUC_SUPERUSER = 1
export const GUC_USER_SOURCE = 7
