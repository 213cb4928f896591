"""Whether a server can carry what a command is about to do: foreseen in a sentence, before anything is made."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from quant.errors import UserError
from quant.server import rights
from quant.server.extension import TRUSTED

if TYPE_CHECKING:
    import psycopg2.extensions

# TimescaleDB's first and last version for each PostgreSQL, as major * 100 + minor.
VERSIONS = {15: (211, 228), 16: (213, 999), 17: (217, 999), 18: (223, 999)}
OWN = ("raw", "staging", "audit", "canonical")  # schemas that are ours alone, as are those of declared relations
LOADED = "select num_nulls(to_regclass('raw._loads'), to_regclass('raw._tables'), to_regclass('raw._removed')) = 0"


class Facts(NamedTuple):
    """What the query tells; `may_not_create_in` and `foreign` name what is wrong."""

    postgresql: int
    version: str
    standby: bool
    read_only: bool
    encoding: str
    login: str
    superuser: bool
    may_create: bool
    may_not_create_in: str | None
    foreign: str | None
    available: str | None
    preloaded: bool
    installed: str | None
    trusted: bool


def query(relations: Iterable[str]) -> str:
    """The query whose row is `Facts`.

    Args:
        relations: what the command reads or makes, each with its schema.
    """
    names = list(relations)
    listed = ", ".join(f"'{name.replace(chr(39), 2 * chr(39))}'" for name in names)
    named = f"array[{listed}]::text[]"
    own = sorted({*OWN, *(name.partition(".")[0] for name in names)} - {"public"})
    return f"""
    with
    missing as (
        select split_part(name, '.', 1) as in_schema
        from unnest({named}) as name
        cross join lateral (select to_regnamespace(quote_ident(split_part(name, '.', 1))) as schema) as its
        where case when has_schema_privilege(its.schema, 'usage')  -- else to_regclass itself is refused
            then to_regclass(format('%I.%I', split_part(name, '.', 1), split_part(name, '.', 2))) is null
            else its.schema is null end
    ),
    -- what a stranger owns, he can fill with code that runs with the rights of whoever reads or writes it
    strange as (
        select format('The relation %s belongs to %s', c.oid::regclass, c.relowner::regrole) as what
        from pg_class as c
        inner join pg_namespace as n on c.relnamespace = n.oid
        where c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relowner not in ({TRUSTED})
            and (n.nspname = 'raw' or format('%s.%s', n.nspname, c.relname) = any({named}))
        union all
        select format('The schema %I belongs to %s', nspname, nspowner::regrole)
        from pg_namespace
        where nspname = any(array{own!r}) and nspowner not in ({TRUSTED})
        union all
        select format('The function %s belongs to %s', oid::regprocedure, proowner::regrole)
        from pg_proc
        where pronamespace = to_regnamespace('canonical') and proowner not in ({TRUSTED})
    )

    select
        current_setting('server_version_num')::int / 10000,
        current_setting('server_version'),
        pg_is_in_recovery(),
        current_setting('transaction_read_only') = 'on',
        (select pg_encoding_to_char(encoding) from pg_database where datname = current_database()),
        current_user::text,
        current_setting('is_superuser') = 'on',
        has_database_privilege(current_database(), 'create')
        or not exists (
            select from missing where in_schema <> 'public' and to_regnamespace(quote_ident(in_schema)) is null
        ),
        (
            select min(in_schema)
            from missing
            where case when to_regnamespace(quote_ident(in_schema)) is not null
                then not has_schema_privilege(in_schema, 'create') else in_schema = 'public' end
        ),
        (select min(what) from strange),
        (select default_version from pg_available_extensions where name = 'timescaledb'),
        exists (select from pg_settings where name like 'timescaledb.%'),
        (select extversion from pg_extension where extname = 'timescaledb'),
        exists (select from pg_available_extension_versions where name = 'timescaledb' and trusted)
    """


def faults_of_load(facts: Facts, where: str) -> Iterator[str]:
    """What keeps a load from being made there, in sentences with the cure."""
    login = facts.login
    if facts.standby:
        yield f"The target {where} is a standby, which takes no writes: name its primary in POSTGRES_HOST."
    if facts.read_only:
        yield (
            f"Sessions of {login} on the target {where} are read-only (default_transaction_read_only): reset that for "
            "the database or the role, or name another target."
        )
    if facts.encoding != "UTF8":
        yield (
            f"The target {where} has the encoding {facts.encoding}, which cannot hold all that SQLite's texts can: "
            "make a database with `create database … encoding 'UTF8' template template0`, and name it in POSTGRES_DB."
        )
    yield from _foreign(facts, where)
    if not facts.may_create:
        yield (
            f"permission denied: the login {login} may not make schemas in the target {where}. Run "
            f"`grant create on database … to {login}` there as its owner."
        )
    if schema := facts.may_not_create_in:
        yield (
            f"permission denied: the login {login} may not make tables in the schema {schema} of the target {where}. "
            f"Run `grant usage, create on schema {schema} to {login}` there as its owner."
        )


def _foreign(facts: Facts, where: str) -> Iterator[str]:
    if facts.foreign:
        yield (
            f"{facts.foreign} in the target {where}, who could have code run there with the rights of {facts.login}: "
            f"drop it, or alter its owner, and run again."
        )


def faults_of_build(facts: Facts, where: str) -> Iterator[str]:
    """What keeps a build from being made there, in sentences with the cure."""
    yield from faults_of_load(facts, where)
    yield from faults_of_versions(facts, where)


def faults_of_versions(facts: Facts, where: str) -> Iterator[str]:
    """What is wrong with PostgreSQL and TimescaleDB there, in sentences with the cure."""
    postgresql, version = facts.postgresql, facts.version
    if postgresql < min(VERSIONS):
        yield f"The target {where} is PostgreSQL {version}: version {min(VERSIONS)} or newer is needed."
        return
    if not facts.available:
        yield (
            f"The target {where} has no TimescaleDB: install the Community edition of {_range(postgresql)} on that "
            f"server (PostgreSQL {version}), or use QUANT_TARGET=embedded."
        )
        return
    if not facts.preloaded:
        yield (
            f"The target {where} has TimescaleDB but does not load it: add timescaledb to shared_preload_libraries in "
            "its postgresql.conf and restart it."
        )
    found = facts.installed or facts.available
    first, last = VERSIONS.get(postgresql, (min(VERSIONS[15]), 999))
    number = _number(found)
    if number < first:
        yield (
            f"The target {where} has a TimescaleDB older than {_name(first)}, {found}: install {_range(postgresql)} on "
            "that server, then run `alter extension timescaledb update` in the database."
        )
    if number > last:
        yield (
            f"The target {where} has TimescaleDB {found}, and {_name(last)} is the last that supports PostgreSQL "
            f"{postgresql}: move to a newer PostgreSQL, or to {_range(postgresql)}."
        )
    if number < 212 and not facts.superuser:
        yield (
            f"The target {where} has TimescaleDB 2.11, on which only a superuser can make aggregates of quarters and "
            "years that are right: install a newer one on that server, then run `alter extension timescaledb update` "
            "in the database, or build as a superuser."
        )
    if not facts.installed and not (facts.superuser or facts.trusted):
        yield (
            f"The target {where} has no extension timescaledb yet, and {facts.login} may not create it: run `create "
            "extension timescaledb` there as a superuser."
        )


def judge_build(rows: Sequence[Sequence[Any]], where: str) -> None:
    """See that a build can be made there.

    Args:
        rows: what the query gave.
        where: the target, for people.

    Raises:
        UserError: when it cannot, with the cure.
    """
    _refuse(faults_of_build(Facts(*rows[0]), where))


def _refuse(faults: Iterable[str]) -> None:
    for fault in faults:
        raise UserError(fault)


def judge_loaded(rows: Sequence[Sequence[Any]], where: str) -> None:
    """See that there is something to build from, by what the query `LOADED` gave.

    Raises:
        UserError: when there is not.
    """
    if not rows[0][0]:
        raise UserError(f"Nothing has been loaded into the target {where}: run `python -m loader.run` first.")


def ask_load(connection: psycopg2.extensions.connection, where: str, relations: Iterable[str]) -> None:
    """See that a load can be made there.

    Raises:
        UserError: when it cannot, with the cure.
    """
    with connection.cursor() as cursor:
        cursor.execute(query(relations))
        _refuse(faults_of_load(Facts(*cursor.fetchall()[0]), where))
    rights.ask(connection, "load", where)


def ask_strangers(connection: psycopg2.extensions.connection, where: str, relations: Iterable[str]) -> None:
    """See that nobody else owns what is about to be read; a standby and read-only sessions are fine for reading.

    Raises:
        UserError: when somebody does.
    """
    with connection.cursor() as cursor:
        cursor.execute(query(relations))
        _refuse(_foreign(Facts(*cursor.fetchall()[0]), where))


def _number(version: str) -> int:
    major, minor = version.split(".")[:2]
    return int(major) * 100 + int("".join(filter(str.isdigit, minor.partition("-")[0])))


def _name(number: int) -> str:
    return f"{number // 100}.{number % 100}"


def _range(postgresql: int) -> str:
    """The versions of TimescaleDB for that PostgreSQL, in words."""
    first, last = VERSIONS.get(postgresql, (211, 999))
    return f"TimescaleDB {_name(first)} " + ("or newer" if last == 999 else f"to {_name(last)}")
