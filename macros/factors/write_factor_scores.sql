{#- Makes factor_scores what factor_current says, on the stale days and under the project's own names: what is equal is not
    touched, so a compressed chunk is opened for what differs alone. The state goes with the scores, in one transaction. -#}
{% macro write_factor_scores() %}
    {#- Named here too, for dbt looks for references only where it does not execute. -#}
    {%- for name in ['factor_days', 'factor_changed_days', 'factor_reports', 'factor_scores', 'factors', 'factor_weights'] -%}
        {%- do ref(name) -%}
    {%- endfor -%}
    {%- set stale = ref('factor_stale_days') -%}
    {%- if execute -%}
        {%- set span = run_query('select min(date), max(date) from ' ~ stale).rows[0] -%}
        {%- if span[0] -%}
            {%- do run_query('set local timescaledb.max_tuples_decompressed_per_dml_transaction = 0') -%}
            {%- do find_factor_changes(stale, span) -%}
            {%- do open_factor_chunks() -%}
            {%- do apply_factor_changes(span) -%}
        {%- endif -%}
        {%- do save_factor_state() -%}
    {%- endif -%}
{% endmacro %}

{% macro find_factor_changes(stale, span) %}
    {% call statement('find_factor_changes') -%}
        create temporary table factor_changes on commit drop as
        with

        wanted as (
            select * from {{ this }}
        ),

        there as (
            select
                scores.ticker,
                scores.region,
                scores.factor_name,
                scores.date,
                scores.raw_value,
                scores.zscore,
                scores.score,
                scores.percentile
            from {{ ref('factor_scores') }} as scores
            inner join {{ stale }} as stale on scores.region = stale.region and scores.date = stale.date
            where scores.date between '{{ span[0] }}' and '{{ span[1] }}'
                and scores.factor_name in (
                    select factor_name from {{ ref('factors') }}
                    union all
                    select combination from {{ ref('factor_weights') }}
                )
        )

        select
            ticker,
            region,
            factor_name,
            date,
            wanted.raw_value,
            wanted.zscore,
            wanted.score,
            wanted.percentile,
            there.ticker is not null as is_there,
            wanted.ticker is not null as is_wanted
        from wanted
        full join there using (ticker, region, factor_name, date)
        where wanted.ticker is null or there.ticker is null
            or (wanted.raw_value, wanted.zscore, wanted.score, wanted.percentile)
            is distinct from (there.raw_value, there.zscore, there.score, there.percentile)
    {%- endcall %}
    {%- do run_query('analyze pg_temp.factor_changes') -%}
{% endmacro %}

{#- Many changes in a compressed chunk go faster into it as rows; the build's end compresses it again. -#}
{% macro open_factor_chunks() %}
    {%- set chunks -%}
        select format('%I.%I', chunk_schema, chunk_name)
        from timescaledb_information.chunks
        where hypertable_schema = 'public' and hypertable_name = 'factor_scores' and is_compressed
            and (
                select count(*) from pg_temp.factor_changes
                where date >= range_start::date and date < range_end::date
            ) > 1000
    {%- endset -%}
    {%- for row in run_query(chunks).rows -%}
        {%- do run_query("select " ~ timescaledb() ~ ".decompress_chunk('" ~ row[0] ~ "')") -%}
    {%- endfor -%}
{% endmacro %}

{% macro apply_factor_changes(span) %}
    {% call statement('delete_factor_scores') -%}
        delete from {{ ref('factor_scores') }} as scores
        using pg_temp.factor_changes as changes
        where changes.is_there and not changes.is_wanted
            and scores.date between '{{ span[0] }}' and '{{ span[1] }}'
            and (scores.ticker, scores.region, scores.factor_name, scores.date)
            = (changes.ticker, changes.region, changes.factor_name, changes.date)
    {%- endcall %}
    {% call statement('update_factor_scores') -%}
        update {{ ref('factor_scores') }} as scores
        set raw_value = changes.raw_value, zscore = changes.zscore, score = changes.score, percentile = changes.percentile
        from pg_temp.factor_changes as changes
        where changes.is_there and changes.is_wanted
            and scores.date between '{{ span[0] }}' and '{{ span[1] }}'
            and (scores.ticker, scores.region, scores.factor_name, scores.date)
            = (changes.ticker, changes.region, changes.factor_name, changes.date)
    {%- endcall %}
    {% call statement('insert_factor_scores') -%}
        insert into {{ ref('factor_scores') }} (ticker, region, factor_name, date, raw_value, zscore, score, percentile)
        select ticker, region, factor_name, date, raw_value, zscore, score, percentile
        from pg_temp.factor_changes
        where not is_there
        order by region, factor_name, ticker, date
    {%- endcall %}
{% endmacro %}

{% macro save_factor_state() %}
    {% call statement('save_factor_state') -%}
        delete from factors.known_days as known
        using {{ ref('factor_changed_days') }} as changed
        where (known.region, known.date) = (changed.region, changed.date);

        insert into factors.known_days (region, date, digest)
        select days.region, days.date, days.digest
        from {{ ref('factor_days') }} as days
        inner join {{ ref('factor_changed_days') }} as changed on (days.region, days.date) = (changed.region, changed.date);

        delete from factors.known_reports as known
        where not exists (
            select from {{ ref('factor_reports') }} as reports
            where reports.id = known.id and reports.digest = known.digest
        );

        insert into factors.known_reports (id, ticker, region, date, since, expires, price_at, digest)
        select id, ticker, region, date, since, expires, price_at, digest
        from {{ ref('factor_reports') }}
        on conflict (id) do nothing;

        delete from factors.scored_days as scored
        using {{ ref('factor_stale_days') }} as stale
        where (scored.region, scored.date) = (stale.region, stale.date);

        insert into factors.scored_days (region, date, definition)
        select region, date, definition
        from {{ ref('factor_stale_days') }}
        where in_calendar;
    {%- endcall %}
{% endmacro %}
