-- The floor of a first build: the same prices with the same key, indexes, foreign key, aggregates and compression, typed into psql.
-- Casts are plain, and nobody asks whether a row can live in the table: those that cannot are known from the build.
create schema floor;
create table floor.ohlcv_data (like public.ohlcv_data including defaults);
select public.create_hypertable(
    'floor.ohlcv_data', 'date', chunk_time_interval => interval '1 year', create_default_indexes => false
);
set work_mem = '128MB';
set maintenance_work_mem = '128MB';

select
    format(
        'insert into floor.ohlcv_data (%s) select %s from raw.ohlcv_data as r where not exists ('
        'select from audit.quarantine as q where q.table_name = ''ohlcv_data'' and q.rowid = r._rowid)',
        string_agg(quote_ident(column_name), ', '),
        string_agg(
            case column_name
                when 'source_rowid' then 'r._rowid'
                when 'region'
                    then 'coalesce(upper(r.region), (select min(t.region) from public.tickers as t where t.ticker = r.ticker))'
                when 'timeframe' then 'case r.timeframe when ''D'' then ''1d'' when ''W'' then ''1w'' else r.timeframe end'
                else format('r.%I::%s', column_name, data_type)
            end, ', '
        )
    )
from information_schema.columns
where
    table_schema = 'public' and table_name = 'ohlcv_data'
    and (
        column_name = 'source_rowid'
        or column_name in (select c.column_name from information_schema.columns as c where c.table_schema = 'raw' and c.table_name = 'ohlcv_data')
    )
\gexec

set search_path = pg_catalog;
select replace(pg_get_indexdef(indexrelid), ' public.', ' floor.')
from pg_index
where indrelid = 'public.ohlcv_data'::regclass
\gexec

select format('alter table floor.ohlcv_data add %s', pg_get_constraintdef(oid))
from pg_constraint
where conrelid = 'public.ohlcv_data'::regclass and contype = 'f'
\gexec

select format(
    'create materialized view floor.%I with (timescaledb.continuous, timescaledb.materialized_only = false) as %s with data',
    view_name, replace(rtrim(view_definition, '; '), 'public.ohlcv_', 'floor.ohlcv_')
)
from timescaledb_information.continuous_aggregates
where view_schema = 'public' and view_name like 'ohlcv\_%'
order by view_name <> 'ohlcv_monthly', view_name
\gexec

alter table floor.ohlcv_data set (
    timescaledb.compress, timescaledb.compress_segmentby = 'region, timeframe', timescaledb.compress_orderby = 'ticker, date desc'
);
select count(public.compress_chunk(chunk)) from public.show_chunks('floor.ohlcv_data', older_than => interval '365 days') as chunk;
