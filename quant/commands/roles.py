"""`python -m quant roles`: the roles for loading, building, reading and applications, with what each needs."""

from __future__ import annotations

import argparse
from argparse import ArgumentTypeError
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import psycopg2
from psycopg2 import sql

from quant.errors import WELL, UserError, in_one_line
from quant.server.extension import SETTING
from quant.server.watch import wait_limit, watching
from quant.target import resolve
from quant.text import as_json

APPLICATION = "quant roles"  # its name on the server
KINDS = {
    "load": "fills raw: python -m loader.run",
    "build": "makes staging, public and audit out of it: dbt build",
    "read": "reads all of it: queries, and the checkpoint",
    "app": "reads and writes the tables of public, and makes none",
}
SCHEMAS = ("raw", "staging", "audit", "canonical", "factors")
EPILOG = """\
roles (nobody logs in as one of them; logins are made members):
{kinds}

A login that loads and builds, as one for `python -m quant sync` does, is granted both. Run it again at any time, and
after each new login; it takes nothing away. A superuser runs it, before the first load.

examples:
  python -m quant roles --grant etl=load,build --grant grafana=read --grant trader=app
  python -m quant roles --prefix research"""

ROLE = """
    do $$ begin
        if not exists (select from pg_roles where rolname = {literal}) then create role {role} nologin; end if;
    end $$
"""
DATABASE = """
    create extension if not exists timescaledb schema public;
    grant connect on database {database} to {load}, {build}, {read}, {app};
    grant create, temporary on database {database} to {build};
    grant temporary on database {database} to {load};
    alter database {database} set {setting} = {trusted};
"""
# Schemas belong to who runs this; what is in them, to who makes it.
RIGHTS = """
    grant usage, create on schema raw to {load};
    grant usage on schema raw to {build}, {read};
    grant usage, create on schema staging, audit, canonical, factors, public to {build};
    grant usage on schema staging, audit, canonical, factors, public to {read};
    grant usage on schema audit to {load};
    grant usage on schema public to {app};
    grant select on all tables in schema raw to {build}, {read};
    grant select on all tables in schema staging, audit, factors, public to {read};
    grant select on all sequences in schema public to {read};
    grant select on all tables in schema audit to {load};
    grant select, insert, update, delete on all tables in schema public to {app};
    grant usage, select on all sequences in schema public to {app};
"""
LOADS = "alter default privileges for role {login} in schema raw grant select on tables to {build}, {read}"
BUILDS = """
    alter default privileges for role {login} in schema staging, audit, factors, public
        grant select on tables to {read};
    alter default privileges for role {login} in schema audit grant select on tables to {load};
    alter default privileges for role {login} in schema public
        grant select, insert, update, delete on tables to {app};
    alter default privileges for role {login} in schema public grant usage, select on sequences to {app};
    alter default privileges for role {login} in schema public grant select on sequences to {read};
"""
# aggregates and other views are read; TimescaleDB refuses to write them anyway
MEMBERS = """
    select g.rolname, m.rolname
    from pg_auth_members as a
    inner join pg_roles as g on a.roleid = g.oid
    inner join pg_roles as m on a.member = m.oid
    where g.rolname = any(%s)
    order by 1, 2
"""


def arguments(parser: argparse.ArgumentParser) -> None:
    """The roles' names, and who gets them."""
    parser.epilog = EPILOG.format(kinds="\n".join(f"  PREFIX_{kind:<6} {text}" for kind, text in KINDS.items()))
    parser.add_argument("--prefix", default="quant", help="of the roles' names (quant)")
    parser.add_argument(
        "--grant", type=_grant, action="append", default=[], metavar="LOGIN=KIND,…", help="make a login a member"
    )


def _grant(given: str) -> tuple[str, tuple[str, ...]]:
    login, equals, told = given.partition("=")
    kinds = tuple(told.split(","))
    if not (login and equals) or set(kinds) - KINDS.keys():
        raise ArgumentTypeError(f"{given!r} is not LOGIN=KIND,…: kinds are {', '.join(KINDS)}")
    return login, kinds


def run(options: argparse.Namespace) -> int:
    """Make the roles, grant them, and say who has them. Returns the exit code."""
    target = resolve("server")
    names = {kind: f"{options.prefix}_{kind}" for kind in KINDS}
    watched = watching(target, APPLICATION, wait_limit())
    with watched, closing(target.connect(APPLICATION)) as connection, connection.cursor() as cursor:
        cursor.execute("select current_setting('is_superuser') = 'on', current_database()")
        superuser, database = cursor.fetchone() or (False, "")
        if not superuser:
            raise UserError(
                f"The login {target.user} is no superuser of {target}, and may not make roles: name one in "
                "POSTGRES_USER."
            )
        try:
            for statement in _statements(names, database, options.grant):
                cursor.execute(statement)
            cursor.execute(MEMBERS, (list(names.values()),))
            members = cursor.fetchall()
            connection.commit()
        except psycopg2.Error as error:
            raise UserError(
                f"Nothing was granted on {target}: {in_one_line(error)}. Mend that, and run again."
            ) from error
    found = {role: [login for group, login in members if group == role] for role in names.values()}
    print(as_json(found) if options.json else "\n".join(_lines(found)))
    return WELL


def _lines(found: dict[str, list[str]]) -> Iterator[str]:
    width = max(map(len, found)) + 2
    for role, logins in found.items():
        yield f"{role:<{width}}{', '.join(logins) or 'nobody yet'}"


def _statements(names: dict[str, str], database: str, grants: Sequence[tuple[str, tuple[str, ...]]]) -> Iterator[Any]:
    """All that is done, in one transaction."""
    roles = {kind: sql.Identifier(name) for kind, name in names.items()}
    for kind, role in roles.items():
        yield sql.SQL(ROLE).format(role=role, literal=sql.Literal(names[kind]))
    yield sql.SQL(DATABASE).format(
        database=sql.Identifier(database),
        setting=sql.SQL(SETTING),
        trusted=sql.Literal(f"{names['load']},{names['build']}"),
        **roles,
    )
    for schema in SCHEMAS:
        yield sql.SQL("create schema if not exists {}").format(sql.Identifier(schema))
    yield sql.SQL(RIGHTS).format(**roles)
    for login, kinds in grants:
        for kind in kinds:
            yield sql.SQL("grant {} to {}").format(roles[kind], sql.Identifier(login))
        if "load" in kinds:
            yield sql.SQL(LOADS).format(login=sql.Identifier(login), **roles)
        if "build" in kinds:
            yield sql.SQL(BUILDS).format(login=sql.Identifier(login), **roles)
