"""TimescaleDB's schema, and whether a name in it means TimescaleDB's own function.

`create extension` puts its functions where its user says, most often into `public`, where applications may have the
right to make functions too. PostgreSQL takes the one whose arguments fit best, so one of an application's role that has
the name of TimescaleDB's would run with the rights of whoever builds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from quant.errors import UserError

if TYPE_CHECKING:
    import psycopg2.extensions

# Only a superuser can set it for a database: `python -m quant roles` does, to the roles that load and build.
SETTING = "quant.trusted"
# Superusers, the owner of the database and the user of this session are trusted: they have its data anyway. So are the
# members of the roles that a superuser has named in this database's setting.
TRUSTED = f"""
    select r.oid
    from pg_roles as r
    where
        r.rolsuper
        or r.rolname = current_user
        or r.oid = (select datdba from pg_database where datname = current_database())
        or exists (
            select
            from pg_db_role_setting as s
            cross join unnest(s.setconfig) as one (setting)
            cross join unnest(string_to_array(split_part(one.setting, '=', 2), ',')) as named (rolname)
            inner join pg_roles as g on g.rolname = trim(named.rolname)
            where s.setrole = 0 and s.setdatabase = (select oid from pg_database where datname = current_database())
                and one.setting like '{SETTING}=%%' and pg_has_role(r.oid, g.oid, 'member')
        )
"""
QUERY = f"""
    with member as (
        select p.oid, p.proname, p.pronamespace
        from pg_depend as d
        inner join pg_proc as p on d.objid = p.oid
        where d.classid = 'pg_proc'::regclass and d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'
            and d.refobjid = (select oid from pg_extension where extname = 'timescaledb')
    )

    select
        quote_ident(n.nspname),
        (
            select min(format('%s of %s', p.oid::regprocedure, p.proowner::regrole))
            from pg_proc as p
            where p.pronamespace = n.oid
                and p.proname in (select proname from member where pronamespace = n.oid)
                and p.oid not in (select oid from member)
                and p.proowner not in ({TRUSTED})
        )
    from pg_extension as e
    inner join pg_namespace as n on e.extnamespace = n.oid
    where e.extname = 'timescaledb'
"""


def schema(rows: Sequence[Sequence[str | None]]) -> str:
    """The schema of TimescaleDB's functions, quoted, from the rows of `QUERY`; empty where there is no TimescaleDB.

    Raises:
        UserError: when somebody else has a function of such a name there.
    """
    if not rows:
        return ""
    name, planted = rows[0]
    if planted:
        raise UserError(
            f"The function {planted} has the name of one of TimescaleDB's and lies in the same schema, so it could be "
            f"called instead, with your rights: drop it, or rename it, and see who may create in {name}."
        )
    return str(name)


def ask(connection: psycopg2.extensions.connection) -> str:
    """The same, asked over a connection."""
    with connection.cursor() as cursor:
        cursor.execute(QUERY)
        return schema(cursor.fetchall())
