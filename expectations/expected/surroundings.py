"""What around the tables changes what a statement means: settings, shadowing objects, casts, event triggers."""

from __future__ import annotations

from collections.abc import Iterator

from expectations.catalog import Catalog
from expectations.expected.base import Expected, no_rows
from quant.text import literal

# A condition on a setting's value under which rows are refused, lost or read as others.
HARMFUL = {
    "default_transaction_read_only": "value = 'on'",
    "session_replication_role": "value <> 'origin'",
    "row_security": "value = 'off'",
    "transform_null_equals": "value = 'on'",
    "standard_conforming_strings": "value = 'off'",
    "ignore_checksum_failure": "value = 'on'",
    "zero_damaged_pages": "value = 'on'",
    # what a build sets or TimescaleDB's own 100,000: with less an ordinary correction of compressed rows is refused
    "timescaledb.max_tuples_decompressed_per_dml_transaction": "value ~ '^[1-9][0-9]{0,4}$'",
    "timescaledb.restoring": "value = 'on'",
    "timescaledb.enable_transparent_decompression": "value = 'off'",
    "timescaledb.enable_dml_decompression": "value = 'off'",
    "timescaledb.license": "value = 'apache'",
}
UNUSUAL = {
    # but for what a build switches off: docs/decisions/0004
    "timescaledb.enable%": "value = 'off' and name <> 'timescaledb.enable_sparse_index_bloom'",
    "search_path": "not value ~ '(^|[\\s,])\"?public\"?([\\s,]|$)'",
    "extra_float_digits": "value ~ '^(-|0$)'",
    "datestyle": "value not like 'ISO%'",
    "default_tablespace": "value <> ''",
    "default_table_access_method": "value <> 'heap'",
    "autovacuum": "value = 'off'",
    "track_counts": "value = 'off'",
    "statement_timeout": "value <> '0'",
    "lock_timeout": "value <> '0'",
    "transaction_timeout": "value <> '0'",
    "idle_in_transaction_session_timeout": "value <> '0'",
    "default_transaction_isolation": "value <> 'read committed'",
}

FORGETFUL = {
    "fsync": "value = 'off'",
    "full_page_writes": "value = 'off'",
    "synchronous_commit": "value = 'off'",
}

# Of this database, of a role, or of both; and of the server, as a session without options of its own begins.
SETTINGS = """
    with told as (
        select
            concat_ws(' ', 'role ' || r.rolname, case when s.setdatabase <> 0 then 'in this database' end) as place,
            lower(split_part(one, '=', 1)) as name, substr(one, strpos(one, '=') + 1) as value
        from pg_db_role_setting as s
        cross join lateral unnest(s.setconfig) as one
        left join pg_roles as r on r.oid = s.setrole
        where s.setdatabase in (0, (select oid from pg_database where datname = current_database()))
        union all
        select 'the server', lower(name), boot.setting
        from pg_settings cross join lateral (select reset_val as setting) as boot
        where source in ('configuration file', 'command line', 'environment variable', 'global', 'override')
    )

    select place, name, value from told where {condition}
"""

# By default a schema of a role's name stands before public for that role.
SHADOWS = """
    select n.nspname as schema, c.relname as name, 'is found before public.' || c.relname as finding
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    where c.relname in ({names}) and c.relkind in ('r', 'p', 'f', 'v', 'm') and (
        n.nspname in (select rolname from pg_roles)
        or exists (
            select from pg_db_role_setting as s cross join lateral unnest(s.setconfig) as one
            where one like 'search_path=%'
            and strpos(one, n.nspname) between 1 and coalesce(nullif(strpos(one, 'public'), 0), 100000) - 1
        )
    )
"""

NAMESAKES = """
    select n.nspname as schema, found.name, found.what
    from (
        select pronamespace as schema, oid, 'pg_proc'::regclass as catalog, proname as name, 'function' as what
        from pg_proc
        where proname in (select proname from pg_proc where pronamespace = 'pg_catalog'::regnamespace)
        union all
        select oprnamespace, oid, 'pg_operator'::regclass, oprname, 'operator' from pg_operator
        where oprname in (select oprname from pg_operator where oprnamespace = 'pg_catalog'::regnamespace)
        union all
        select typnamespace, oid, 'pg_type'::regclass, typname, 'type' from pg_type
        where typname in (select typname from pg_type where typnamespace = 'pg_catalog'::regnamespace)
        union all
        select relnamespace, oid, 'pg_class'::regclass, relname, 'relation' from pg_class
        where relname in (select relname from pg_class where relnamespace = 'pg_catalog'::regnamespace)
    ) as found
    join pg_namespace as n on n.oid = found.schema
    where (n.nspname = 'public' or n.nspname in (select rolname from pg_roles))
    and not exists (
        select from pg_depend as d where d.classid = found.catalog and d.objid = found.oid and d.deptype = 'e'
    )
"""


def surroundings(declared: Catalog) -> Iterator[Expected]:
    """Settings, objects and casts under which the same statement refuses or does something else."""
    names = ", ".join(map(literal, [*declared.tables, *declared.aggregates]))
    yield no_rows(
        "no setting refuses rows, loses them or reads them as others",
        (
            "one setting refuses rows, loses them or reads them as others",
            "{} settings refuse rows, lose them or read them as others",
        ),
        _settings(HARMFUL),
    )
    yield no_rows(
        "no setting is unusual", ("one setting is unusual", "{} settings are unusual"), _settings(UNUSUAL), "warning"
    )
    yield no_rows(
        "what was confirmed outlives a crash of the server",
        ("a crash of the server may lose what was confirmed",),
        _settings(FORGETFUL),
        "warning",
    )
    yield no_rows(
        "no relation is found before a table of the target",
        (
            "one relation is found before a table of the target",
            "{} relations are found before tables of the target",
        ),
        SHADOWS.format(names=names),
    )
    yield no_rows(
        "nothing has the name of something of PostgreSQL's own",
        (
            "one object has the name of something of PostgreSQL's own",
            "{} objects have the names of something of PostgreSQL's own",
        ),
        NAMESAKES,
        "warning",
    )
    yield no_rows(
        "no cast between types of PostgreSQL is somebody's own",
        (
            "one cast between types of PostgreSQL is somebody's own",
            "{} casts between types of PostgreSQL are somebody's own",
        ),
        "select castsource::regtype as source, casttarget::regtype as target from pg_cast as c "
        "join pg_type as s on s.oid = c.castsource join pg_type as t on t.oid = c.casttarget "
        "where c.oid >= 16384 and 'pg_catalog'::regnamespace = all (array[s.typnamespace, t.typnamespace]) "
        "and not exists (select from pg_depend as d where d.classid = 'pg_cast'::regclass and d.objid = c.oid "
        "and d.deptype = 'e')",
    )
    yield no_rows(
        "no event trigger is somebody's own",
        ("one event trigger is somebody's own", "{} event triggers are somebody's own"),
        "select evtname, evtevent, evtfoid::regproc as runs from pg_event_trigger as t where evtenabled <> 'D' "
        "and not exists (select from pg_depend as d where d.classid = 'pg_event_trigger'::regclass "
        "and d.objid = t.oid and d.deptype = 'e')",
        "warning",
    )
    yield no_rows(
        "TimescaleDB's own event triggers are at work",
        (
            "one event trigger of TimescaleDB's own is switched off",
            "{} event triggers of TimescaleDB's own are switched off",
        ),
        "select evtname from pg_event_trigger as t where evtenabled not in ('O', 'A') and exists ("
        "select from pg_depend as d where d.classid = 'pg_event_trigger'::regclass and d.objid = t.oid "
        "and d.deptype = 'e')",
    )
    yield no_rows(
        "the texts are sorted as when their indexes were made",
        ("the texts are sorted otherwise than when their indexes were made",),
        "select datcollversion as made_with, pg_database_collation_actual_version(oid) as now from pg_database "
        "where datname = current_database() and datcollversion <> pg_database_collation_actual_version(oid)",
        "warning",
    )
    yield no_rows(
        "the database lets sessions in",
        ("the database lets hardly any session in",),
        "select datname, datconnlimit as sessions from pg_database where datname = current_database() "
        "and (not datallowconn or datconnlimit between 0 and 4)",
    )


def _settings(wanted: dict[str, str]) -> str:
    told = " or ".join(f"name like {literal(name)} and {condition}" for name, condition in wanted.items())
    return SETTINGS.format(condition=f"({told})")
