{#- Names of the aggregates that are models, as PostgreSQL writes them where they need no quotes. -#}
{% macro declared_aggregates() %}
    {%- set names = [] -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.config.materialized == 'continuous_aggregate' -%}
        {%- do names.append(node.schema ~ '.' ~ node.alias) -%}
    {%- endfor -%}
    {{ return(names) }}
{% endmacro %}

{#- One job for all aggregates, since those that are made from others come after them; TimescaleDB's own policies, which an
    earlier build or somebody else has set up on one, are removed. It first runs the next night. -#}
{% macro reconcile_refresh_job(relation) %}
    {%- do timescale.create_refresh_procedure() -%}
    {%- set names = timescale.declared_aggregates() -%}
    {%- set first_of_them %}
        select min(mat_hypertable_id)
        from _timescaledb_catalog.continuous_agg
        where format('%I.%I', user_view_schema, user_view_name) in ('{{ names | join("', '") }}')
    {%- endset -%}
    {#- alter_job takes the name for that of TimescaleDB's own policy, and refuses a job that names no aggregate as that does. -#}
    {%- set config = tojson({
        'aggregates': names | sort, 'end_offset': timescale.setting('aggregate_refresh_lag'),
        'mat_hypertable_id': run_query(first_of_them).rows[0][0] | int
    }) -%}
    {%- set schedule = "interval '" ~ timescale.setting('aggregate_refresh_every') ~ "'" -%}
    {%- set jobs %}
        select
            j.job_id,
            j.proc_schema = '{{ timescale.state_schema() }}' as is_ours,
            j.scheduled and j.schedule_interval = {{ schedule }} and j.config = '{{ config }}' as is_as_declared
        from timescaledb_information.jobs as j
        left join _timescaledb_catalog.continuous_agg as a on (j.config ->> 'mat_hypertable_id')::int = a.mat_hypertable_id
        where
            j.proc_name = 'policy_refresh_continuous_aggregate'
            and (j.proc_schema = '{{ timescale.state_schema() }}' or format('%I.%I', a.user_view_schema, a.user_view_name)::regclass = '{{ relation }}'::regclass)
    {%- endset -%}
    {%- set found = {'ours': false} -%}
    {%- for job in run_query(jobs).rows -%}
        {%- if not job[1] -%}
            {%- do run_query('select ' ~ timescale.timescaledb() ~ '.delete_job(' ~ job[0] ~ ')') -%}
            {%- do log('Removed a refresh policy of ' ~ relation.identifier ~ ' that is not the declared one.', info=True) -%}
        {%- elif not job[2] -%}
            {#- What an earlier build made may name none. -#}
            {%- do run_query('select ' ~ timescale.timescaledb() ~ '.delete_job(' ~ job[0] ~ ')') -%}
        {%- endif -%}
        {%- do found.update({'ours': found.ours or (job[1] and job[2])}) -%}
    {%- endfor -%}
    {%- if not found.ours -%}
        {%- set add %}
            select {{ timescale.timescaledb() }}.add_job(
                '{{ timescale.state_schema() }}.policy_refresh_continuous_aggregate', {{ schedule }}, config => '{{ config }}',
                initial_start => date_trunc('day', now()) + interval '1 day'
            )
        {%- endset -%}
        {%- do run_query(add) -%}
    {%- endif -%}
{% endmacro %}

{#- By the procedure that the policy runs, so that builds, operations and policies do the same. -#}
{% macro refresh_aggregate(relation, everything=false) %}
    {%- set config = {'aggregates': [relation | string | replace('"', '')], 'end_offset': timescale.setting('aggregate_refresh_lag')} -%}
    {%- do config.update({'everything': true} if everything else {}) -%}
    {%- do run_query("set work_mem = '" ~ timescale.setting('build_work_mem') ~ "'") -%}
    {%- set refresh -%}
        call {{ timescale.state_schema() }}.policy_refresh_continuous_aggregate(0, '{{ tojson(config) }}')
    {%- endset -%}
    {%- do timescale.run_outside_transaction(refresh) -%}
    {%- do run_query("reset work_mem") -%}
{% endmacro %}

{#- TimescaleDB's own policy takes from an aggregate what retention took from its base where it looks back without a bound,
    and loses a bucket where a span of changes ends on that bucket's first day. This one stands in its place and bears its
    name: whoever looks for refresh policies finds it. Builds and operations call it too.

    A refresh commits by itself, so no call may stand in a block with an exception, or be executed as a text. The path lasts
    until the next commit: nothing is found in a schema in which others may plant a namesake. -#}
{% macro create_refresh_procedure() %}
    {%- set version = timescale.timescale_version() -%}
    {#- Before 2.25 a forced refresh leaves in the log what it has done, and the next would do it again, a bucket further. -#}
    {%- set forced = 'true' if version >= 225 else "config ? 'everything'" -%}
    {%- call statement('refresh_procedure') %}
        create or replace procedure {{ timescale.state_schema() }}.policy_refresh_continuous_aggregate(job_id int, config jsonb)
        language plpgsql as $body$
        declare
            waited int := 0;
            aggregates int[];
            aggregate int;
            aggregate_view regclass;
            base_id int;
            base text;
            filled text;
            width interval;
            first_bucket date;  -- the first that lies whole in what retention has left, null where it took nothing
            open_bucket date;  -- the first that is not stored, as it is not over or has just ended
            spans daterange[];  -- the buckets to compute
            span daterange;
        begin
            while not pg_catalog.pg_try_advisory_lock(pg_catalog.hashtext('timescale: refresh')) loop
                if waited = 600 then
                    raise exception 'The aggregates have been refreshed by another session for ten minutes: see pg_stat_activity.';
                end if;
                commit;
                perform pg_catalog.pg_sleep(1);
                waited := waited + 1;
            end loop;
            perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
            -- parents were made before what reads them
            select array_agg(a.mat_hypertable_id order by a.mat_hypertable_id) into aggregates
            from _timescaledb_catalog.continuous_agg as a
            where config -> 'aggregates' ? format('%I.%I', a.user_view_schema, a.user_view_name);

            foreach aggregate in array coalesce(aggregates, '{}') loop
                perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
                select
                    format('%I.%I', a.user_view_schema, a.user_view_name)::regclass,
                    b.id,
                    format('%I.%I', b.schema_name, b.table_name),
                    format('%I.%I', m.schema_name, m.table_name),
                    f.bucket_width::interval
                into aggregate_view, base_id, base, filled, width
                from _timescaledb_catalog.continuous_agg as a
                inner join _timescaledb_catalog.hypertable as b on a.raw_hypertable_id = b.id
                inner join _timescaledb_catalog.hypertable as m on a.mat_hypertable_id = m.id
                inner join _timescaledb_catalog.continuous_aggs_bucket_function as f on a.mat_hypertable_id = f.mat_hypertable_id
                where a.mat_hypertable_id = aggregate;

                first_bucket := {{ timescale.state_schema() }}.retained_from(base);
                continue when first_bucket = 'infinity';
                if first_bucket > {{ timescale.timescaledb() }}.time_bucket(width, first_bucket) then
                    first_bucket := ({{ timescale.timescaledb() }}.time_bucket(width, first_bucket) + width)::date;
                end if;
                open_bucket := {{ timescale.timescaledb() }}.time_bucket(width, (current_date - (config ->> 'end_offset')::interval)::date);

                -- each a bucket further than the log says: an entry that ended on a bucket's first day has lost that one
                with logged as (
                    select
                        lowest_modified_value as lowest,
                        greatest_modified_value as greatest
                    from _timescaledb_catalog.continuous_aggs_hypertable_invalidation_log
                    where hypertable_id = base_id
                    union all
                    select
                        lowest_modified_value,
                        greatest_modified_value
                    from _timescaledb_catalog.continuous_aggs_materialization_invalidation_log
                    where materialization_id = aggregate
                    union all
                    select
                        -9223372036854775808,
                        9223372036854775807
                    where config ? 'everything'
                ),

                days as (  -- null where there is no beginning: before the year 1
                    select
                        case when lowest >= -62135596800000000 then date '1970-01-01' + floor(lowest / 86400000000.0)::int end as first_day,
                        case when greatest >= -62135596800000000 then date '1970-01-01' + floor(greatest / 86400000000.0)::int end as last_day
                    from logged
                ),

                buckets as (
                    select
                        greatest(first_bucket, {{ timescale.timescaledb() }}.time_bucket(width, first_day)) as first_of,
                        least(open_bucket, ({{ timescale.timescaledb() }}.time_bucket(width, least(last_day, open_bucket)) + 2 * width)::date) as end_of
                    from days
                    where last_day >= coalesce(first_bucket, last_day)
                )

                select array_agg(changed) into spans
                from (
                    select unnest(range_agg(daterange(first_of, end_of))) as changed
                    from buckets
                    where first_of is null or first_of < end_of
                ) as together;

                commit;
                continue when spans is null;
                foreach span in array spans loop
                    perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
                    call {{ timescale.timescaledb() }}.refresh_continuous_aggregate(
                        aggregate_view, lower(span), upper(span)
                        {%- if version >= 221 %}, force => {{ forced }}, options => '{"buckets_per_batch": 0}'{% endif %}
                    );
                    {%- if 221 <= version < 225 %}
                    if config ? 'everything' then  -- cut from the log what was computed by force
                        perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
                        call {{ timescale.timescaledb() }}.refresh_continuous_aggregate(
                            aggregate_view, lower(span), upper(span), options => '{"buckets_per_batch": 0}'
                        );
                    end if;
                    {%- endif %}
                end loop;
                execute 'analyze ' || filled;
                commit;
            end loop;
            perform pg_catalog.pg_advisory_unlock(pg_catalog.hashtext('timescale: refresh'));
        end
        $body$
    {%- endcall -%}
{% endmacro %}
