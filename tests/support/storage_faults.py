"""Hostile changes around the tables, as those of tests.support.schema_faults: chunks, policies, settings, namesakes."""

from __future__ import annotations

from tests.support.schema_faults import HINDERED, Fault

CHUNKS = "every chunk of ohlcv_data is as its table"
HARMFUL = "no setting refuses rows, loses them or reads them as others"
SETTINGS = "no setting is unusual"
NAMESAKES = "nothing has the name of something of PostgreSQL's own"
DROPPED = "no policy drops rows that is not declared"
A_CHUNK = "(select min(piece::text)::regclass from show_chunks('public.ohlcv_data') as piece)"
ON_A_CHUNK = "do $$ begin execute format('{}', " + A_CHUNK + "); end $$"

STORAGE: dict[str, list[Fault]] = {
    "chunks": [
        (
            "do $$ declare c regclass; n text; begin select conrelid::regclass, conname into c, n from pg_constraint "
            f"where contype = 'f' and conrelid = {A_CHUNK}; "
            "execute format('alter table %s drop constraint %I', c, n); end $$",
            CHUNKS,
            "lacks FOREIGN KEY (ticker, region)",
        ),
        (
            "do $$ declare n text; begin select indexrelid::regclass into n from pg_index "
            f"where indrelid = {A_CHUNK} and indexrelid::regclass::text like '%ohlcv_region'; "
            "execute format('drop index %s', n); end $$",
            CHUNKS,
            "lacks the index btree (region)",
        ),
        (
            ON_A_CHUNK.format("create unique index on %s (id, date, ticker, region, timeframe)"),
            CHUNKS,
            "has of its own a UNIQUE",
        ),
        (
            "update audit.retention set retained_from = (select max(date) from ohlcv_data where source_rowid > 0)",
            "audit.retention knows of no days of ohlcv_data as gone that are there",
            "rows ",
        ),
        (ON_A_CHUNK.format("alter table %s add check (volume < 10 ^ 15)"), CHUNKS, "has of its own CHECK"),
        (
            f"update pg_attribute set attnotnull = true where attname = 'ma5' and attrelid = {A_CHUNK}",
            CHUNKS,
            "ma5 double precision refuses NULL",
        ),
        (
            "insert into factor_scores (ticker, region, factor_name, date) values ('X', 'KR', 'value', current_date); "
            "select _timescaledb_functions.freeze_chunk(max(c::text)::regclass) from show_chunks('factor_scores') as c",
            HINDERED,
            "is frozen",
        ),
        (
            "do $$ begin execute format('drop index %s', (select min(indexrelid::regclass::text) from pg_index "
            "where indrelid = (select min(c::text)::regclass from show_chunks('public.ohlcv_monthly') as c))); end $$",
            "every chunk of ohlcv_monthly is as its table",
            "lacks the index btree",
        ),
        (
            f"delete from pg_inherits where inhrelid = {A_CHUNK.replace('min', 'max')}",
            CHUNKS,
            "is no part of its table",
        ),
        (
            f"update pg_trigger set tgenabled = 'D' where tgrelid = {A_CHUNK.replace('min', 'max')}",
            HINDERED,
            "is switched off",
        ),
        (ON_A_CHUNK.format("alter table %s enable row level security"), HINDERED, "(row security)"),
    ],
    "policies": [
        (
            "select alter_job(job_id, max_retries => 0) from timescaledb_information.jobs "
            "where hypertable_name = 'ohlcv_data'",
            "ohlcv_data has a policy that compresses after 365 days",
            "it is not so",
        ),
        (
            "select alter_job(job_id, next_start => 'infinity') from timescaledb_information.jobs "
            "where hypertable_name = 'factor_scores'",
            "factor_scores has a policy that compresses after 180 days",
            "it is not so",
        ),
        (
            "select alter_job(job_id, scheduled => false) from timescaledb_information.jobs "
            "where proc_schema = 'audit'",
            "the job that refreshes ohlcv_quarterly runs every 1 hour",
            "it is not so",
        ),
        (
            "select add_retention_policy('ohlcv_data', interval '1 year', initial_start => '2200-01-01'::timestamptz)",
            DROPPED,
            "ohlcv_data",
        ),
        (
            "select add_retention_policy('ohlcv_monthly', interval '1 year', "
            "initial_start => '2200-01-01'::timestamptz)",
            DROPPED,
            "ohlcv_monthly",
        ),
        (
            "create procedure public.sweep(job int, config jsonb) language sql as 'delete from trades where id < 0'; "
            "select add_job('public.sweep', '1 day', initial_start => '2200-01-01'::timestamptz)",
            "every background job is one of TimescaleDB's own, or refreshes the aggregates",
            "sweep",
        ),
        (
            "alter materialized view ohlcv_monthly set (timescaledb.materialized_only = true)",
            "ohlcv_monthly is a real-time continuous aggregate",
            "it is not so",
        ),
        (
            "create function public.own(double precision) returns double precision "
            "language sql immutable as 'select $1'; "
            "create materialized view ohlcv_quarterly_ with (timescaledb.continuous) as select ticker, region, "
            "time_bucket(interval '3 months', month) as quarter, max(public.own(high)) as high from ohlcv_monthly "
            "group by 1, 2, 3 with no data; drop materialized view ohlcv_quarterly; "
            "alter materialized view ohlcv_quarterly_ rename to ohlcv_quarterly;\n"
            "call refresh_continuous_aggregate('ohlcv_quarterly', null, null)",
            "ohlcv_quarterly is made by the SQL of its model",
            "it relies on what is not PostgreSQL's own",
        ),
        (
            "drop materialized view ohlcv_yearly; create materialized view ohlcv_yearly "
            "with (timescaledb.continuous, timescaledb.materialized_only = false) as "
            "select ticker, region, time_bucket(interval '1 year', month) as year, first(open, month) as open, "
            "max(high) as high, min(low) as low, last(close, month) as close, sum(volume) as volume, "
            "first(ma5_start, month) as ma5_start, last(ma20_end, month) as ma20_end, "
            "last(rsi_14_end, month) as rsi_14_end, sum(trading_days)::bigint as trading_days "
            "from ohlcv_monthly where month < '2100-01-01' "
            "group by ticker, region, time_bucket(interval '1 year', month) with no data;\n"
            "call refresh_continuous_aggregate('ohlcv_yearly', null, null)",
            "ohlcv_yearly is made by the SQL of its model",
            "it is made by",
        ),
        (
            "select add_continuous_aggregate_policy('ohlcv_yearly', start_offset => null, end_offset => null, "
            "schedule_interval => interval '1 day', initial_start => '2200-01-01'::timestamptz)",
            "no other policy refreshes ohlcv_yearly",
            "policy_refresh_continuous_aggregate",
        ),
    ],
    "surroundings": [
        ("alter role {role} in database {database} set session_replication_role = replica", HARMFUL, "role {role}"),
        ("alter role {role} in database {database} set statement_timeout = 1", SETTINGS, "statement_timeout"),
        (
            "create schema {role}; create table {role}.trades (like public.trades)",
            "no relation is found before a table of the target",
            "public.trades",
        ),
        ("create function public.upper(varchar) returns text language sql as 'select $1::text'", NAMESAKES, "upper"),
        (
            "create function public.same(bigint, text) returns boolean language sql as 'select true'; "
            "create operator public.= (leftarg = bigint, rightarg = text, function = public.same)",
            NAMESAKES,
            "operator",
        ),
        (
            "create cast (text as bigint) with inout as implicit",
            "no cast between types of PostgreSQL is somebody's own",
            "source text, target bigint",
        ),
        (
            "create function public.watch() returns event_trigger language plpgsql as 'begin end'; "
            "create event trigger watch on ddl_command_start execute function public.watch()",
            "no event trigger is somebody's own",
            "watch",
        ),
        (
            "alter database {database} set timescaledb.enable_transparent_decompression = off",
            HARMFUL,
            "transparent_decompression",
        ),
        (
            "alter database {database} set timescaledb.max_tuples_decompressed_per_dml_transaction = 10",
            HARMFUL,
            "value 10",
        ),
        ("alter database {database} set timescaledb.enable_vectorized_aggregation = off", SETTINGS, "vectorized"),
        ("alter database {database} set extra_float_digits = 0", SETTINGS, "extra_float_digits"),
        ("alter database {database} set search_path = elsewhere", SETTINGS, "search_path"),
        ("alter database {database} connection limit 3", "the database lets sessions in", "sessions 3"),
        (
            "alter database {database} set default_transaction_read_only = on",
            HARMFUL,
            "default_transaction_read_only, value on",
        ),
    ],
}
