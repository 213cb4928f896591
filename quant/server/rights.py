"""The rights that a login lacks for a command, each as the statement that gives it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from quant.errors import UserError

if TYPE_CHECKING:
    import psycopg2.extensions

COMMANDS = ("load", "build", "verdict")
# Whoever alters a table or replaces a view has to own it, or to be a member of the role that does.
QUERY = """
    with
    relation as (
        select n.nspname as in_schema, c.oid, c.relowner
        from pg_class as c
        inner join pg_namespace as n on c.relnamespace = n.oid
        where c.relkind in ('r', 'p', 'v', 'm')
            and (
                n.nspname in ('raw', 'staging', 'audit', 'factors')
                or n.nspname = 'public' and format('%s.%s', n.nspname, c.relname) = any({relations})
            )
    ),
    wanted (command, in_schema, reads, creates, owns) as (
        values
            ('load', 'raw', true, true, true),
            ('build', 'raw', true, false, false),
            ('build', 'staging', true, true, true),
            ('build', 'audit', true, true, true),
            ('build', 'factors', true, true, true),
            ('build', 'public', true, true, true),
            ('verdict', 'raw', true, false, false),
            ('verdict', 'audit', true, false, false),
            ('verdict', 'factors', true, false, false),
            ('verdict', 'public', true, false, false)
    ),
    lacks as (
        select
            w.command, 1 as place,
            format('grant create on database %I to %I', current_database(), current_user) as cure
        from wanted as w
        where w.creates and to_regnamespace(w.in_schema) is null
            and not has_database_privilege(current_database(), 'create')
        union all
        select
            w.command, 2,
            format(
                'grant %s on schema %I to %I',
                case when w.creates then 'usage, create' else 'usage' end, w.in_schema, current_user
            )
        from wanted as w
        inner join pg_namespace as n on w.in_schema = n.nspname
        where not has_schema_privilege(n.oid, 'usage') or w.creates and not has_schema_privilege(n.oid, 'create')
        union all
        select w.command, 3, format('grant %s to %I', r.relowner::regrole, current_user)
        from wanted as w
        inner join relation as r on w.in_schema = r.in_schema
        where w.owns and not pg_has_role(r.relowner, 'usage')
        union all
        select w.command, 4, format('grant select on all tables in schema %I to %I', w.in_schema, current_user)
        from wanted as w
        inner join relation as r on w.in_schema = r.in_schema
        where w.reads and not w.owns and not has_table_privilege(r.oid, 'select')
        union all
        -- the verdict compares where new ids begin
        select 'verdict', 5, format('grant select on all sequences in schema public to %I', current_user)
        from relation as r
        inner join pg_depend as d on r.oid = d.refobjid and d.refclassid = 'pg_class'::regclass
        inner join pg_class as s on d.objid = s.oid
        where r.in_schema = 'public'
            and case s.relkind when 'S' then not has_sequence_privilege(s.oid, 'select') else false end
    )

    select command, cure from lacks group by command, place, cure order by command, place, cure
"""


def query(relations: Iterable[str]) -> str:
    """The query that tells what is missing: a command and a statement in each row.

    Args:
        relations: the declared ones of `public`, each with its schema.
    """
    listed = ", ".join(f"'{name.replace(chr(39), 2 * chr(39))}'" for name in relations)
    return QUERY.replace("{relations}", f"array[{listed}]::text[]")


def by_command(rows: Sequence[Sequence[Any]]) -> Mapping[str, list[str]]:
    """The missing statements for each command, from the rows of the query."""
    return {command: [cure for one, cure in rows if one == command] for command in COMMANDS}


def sentence(command: str, cures: Sequence[str], login: str, where: str) -> str:
    """What a login is told that lacks something."""
    statements = "; ".join(cures)
    return (
        f"permission denied: the login {login} has not all rights for a {command} in the target {where}. Run "
        f"`{statements}` there as the owner, or see `python -m quant roles --help`."
    )


def judge(rows: Sequence[Sequence[Any]], command: str, login: str, where: str) -> None:
    """See that nothing is missing for that command.

    Raises:
        UserError: when something is, with the statements that cure it.
    """
    if cures := by_command(rows)[command]:
        raise UserError(sentence(command, cures, login, where))


def ask(connection: psycopg2.extensions.connection, command: str, where: str, relations: Iterable[str] = ()) -> None:
    """The same, asked over a connection."""
    with connection.cursor() as cursor:
        cursor.execute(query(relations))
        judge(cursor.fetchall(), command, connection.info.user, where)
