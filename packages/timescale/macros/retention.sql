{#- Which days of a hypertable retention has taken: nothing in TimescaleDB's catalog tells them from days that never were.
    The beginning of the oldest chunk that there ever was is remembered, and that the oldest of today begins later. Where the
    book is new or was emptied, a bucket that ends before the oldest chunk begins tells the same. -#}
{% macro create_retention_book() %}
    create table if not exists {{ timescale.state_schema() }}.retention (
        hypertable text primary key,
        first_day date not null,
        retained_from date
    );

    create or replace function {{ timescale.state_schema() }}.retained_from(of_hypertable text) returns date
    language plpgsql as $body$
    declare
        oldest date;
        first_known date;
        bucket record;
    begin
        select min(c.range_start at time zone 'UTC')::date into oldest
        from timescaledb_information.chunks as c
        where pg_catalog.format('%I.%I', c.hypertable_schema, c.hypertable_name) = of_hypertable;
        if oldest is null then
            return 'infinity';
        end if;
        first_known := oldest;
        for bucket in
            select
                m.schema_name,
                m.table_name,
                d.column_name,
                b.bucket_width
            from _timescaledb_catalog.continuous_agg as a
            inner join _timescaledb_catalog.hypertable as h on a.raw_hypertable_id = h.id
            inner join _timescaledb_catalog.hypertable as m on a.mat_hypertable_id = m.id
            inner join _timescaledb_catalog.dimension as d on a.mat_hypertable_id = d.hypertable_id
            inner join _timescaledb_catalog.continuous_aggs_bucket_function as b on a.mat_hypertable_id = b.mat_hypertable_id
            where pg_catalog.format('%I.%I', h.schema_name, h.table_name) = of_hypertable
        loop
            execute pg_catalog.format(
                'select least(%L::date, (min(%I) + %L::interval)::date) from %I.%I',
                first_known, bucket.column_name, bucket.bucket_width, bucket.schema_name, bucket.table_name
            ) into first_known;
        end loop;
        insert into {{ timescale.state_schema() }}.retention as r (hypertable, first_day, retained_from)
        values (of_hypertable, first_known, case when oldest > first_known then oldest end)
        on conflict (hypertable) do update set
            first_day = least(r.first_day, excluded.first_day),
            retained_from = case when oldest > least(r.first_day, excluded.first_day) then oldest end
        where excluded.first_day < r.first_day or oldest > greatest(r.first_day, r.retained_from);
        return (select r.retained_from from {{ timescale.state_schema() }}.retention as r where r.hypertable = of_hypertable);
    end
    $body$;
{% endmacro %}

{#- `never` holds against a policy that somebody else has added, too: nothing is dropped by the clock
    unless it is declared. -#}
{% macro reconcile_retention_policy(relation, drop_after) %}
    {%- set wanted = drop_after != 'never' -%}
    {%- set sql -%}
        select {% if wanted %}coalesce((config ->> 'drop_after')::interval = interval '{{ drop_after }}', false){% else %}false{% endif %}
        from timescaledb_information.jobs
        where
            proc_name = 'policy_retention'
            and hypertable_schema = '{{ relation.schema }}'
            and hypertable_name = '{{ relation.identifier }}'
    {%- endset -%}
    {%- set found = run_query(sql).rows -%}
    {%- if found and not found[0][0] -%}
        {%- do run_query("select " ~ timescale.timescaledb() ~ ".remove_retention_policy('" ~ relation ~ "')") -%}
        {%- do log('Removed a retention policy of ' ~ relation.identifier ~ ' that is not the declared one.', info=True) -%}
    {%- endif -%}
    {%- if wanted and not (found and found[0][0]) -%}
        {%- set add -%}
            select {{ timescale.timescaledb() }}.add_retention_policy(
                '{{ relation }}', drop_after => interval '{{ drop_after }}',
                initial_start => date_trunc('day', now()) + interval '25 hours'
            )
        {%- endset -%}
        {%- do run_query(add) -%}
    {%- endif -%}
{% endmacro %}
