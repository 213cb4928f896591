"""The tables of the ledger in the schema raw.

What they say is checked against what is there, and against each other, before it is believed:

- `_loads.tables`: how many lines `_tables` had when that load ended;
- `_tables.removed_rows`: how many notes `_removed` had of that table;
- `_tables.noted_since`: the load since which none of them was lost. Who follows raw by these notes compares all rows
  where it is another one.
"""

TABLES = """
do $$
begin
    if to_regnamespace('raw') is null then  -- `if not exists` would ask for the right to make one all the same
        create schema raw;
    end if;
end $$;
create table if not exists raw._loads (
    load_id bigint primary key,
    started_at timestamptz not null default clock_timestamp(),
    finished_at timestamptz,
    source text not null,
    fingerprint text,
    outcome text,
    tables integer
);
create table if not exists raw._tables (
    table_name text primary key,
    source_rows bigint not null,
    raw_rows bigint not null,
    rejected_rows bigint not null,
    columns jsonb not null,
    load_id bigint not null,
    loaded_at timestamptz not null default clock_timestamp(),
    removed_rows bigint,
    noted_since bigint,
    key text[]
);
create table if not exists raw._windows (
    table_name text,
    low bigint,
    high bigint not null,
    source_rows bigint not null,
    rejected_rows bigint not null,
    fingerprint text not null,
    pages text,
    load_id bigint not null,
    loaded_at timestamptz not null default clock_timestamp(),
    primary key (table_name, low)
);
create table if not exists raw._removed (
    table_name text,
    rowid bigint,
    load_id bigint not null,
    primary key (table_name, rowid)
);
create table if not exists raw.rejected_rows (
    table_name text not null,
    rowid bigint not null,
    column_name text not null,
    value text,
    reason text not null,
    "row" jsonb not null,
    load_id bigint not null,
    rejected_at timestamptz not null default clock_timestamp(),
    primary key (table_name, rowid)
);
do $$
begin
    if not exists (select from pg_attribute where attrelid = 'raw._tables'::regclass and attname = 'noted_since') then
        alter table raw._loads add column if not exists tables integer;
        alter table raw._tables add column removed_rows bigint, add column noted_since bigint;
    end if;
    if not exists (select from pg_attribute where attrelid = 'raw._tables'::regclass and attname = 'keys') then
        alter table raw._tables add column keys jsonb;
    end if;
    if not exists (select from pg_attribute where attrelid = 'raw._tables'::regclass and attname = 'key') then
        alter table raw._tables add column key text[];
    end if;
end $$;
"""
