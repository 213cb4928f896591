{#- Makes factor_scores what the stale days ask for: what is equal is not touched, so a compressed chunk is opened for what
    differs alone. The state goes with the scores, in one transaction. -#}
{% macro write_factor_scores() %}
    {#- Named here too, for dbt looks for references only where it does not execute. -#}
    {%- for name in ['factor_days', 'factor_reports', 'factor_stale_days', 'factor_scores'] -%}
        {%- do ref(name) -%}
    {%- endfor -%}
    {%- set new_rows = new_factor_scores() -%}
    {%- if execute -%}
        {%- set found = find_factor_changes() -%}
        {%- if found.rows -%}
            {%- do open_factor_chunks(new_rows) -%}
            {%- do apply_factor_changes(found, new_rows) -%}
        {%- endif -%}
        {%- do save_factor_state() -%}
    {%- endif -%}
{% endmacro %}

{% macro find_factor_changes() %}
    {%- set sql -%}
        select
            count(*) > 0 or exists (select from {{ ref('factor_stale_days') }} where not was_scored) as rows,
            count(*) filter (where is_there and not is_wanted) as deleted,
            count(*) filter (where is_there and is_wanted) as updated,
            min(date) filter (where is_there)::text as first_there,
            max(date) filter (where is_there)::text as last_there
        from {{ this }}
    {%- endset -%}
    {{ return(run_query(sql).rows[0].dict()) }}
{% endmacro %}

{#- A query of all scores that the stale days ask for. -#}
{% macro wanted_factor_scores() -%}
    select * from {{ ref('factor_single') }}
    union all
    select * from {{ ref('factor_combined') }}
{%- endmacro %}

{#- A query of the scores to insert: those that are missing, and all of the days that were never scored. -#}
{% macro new_factor_scores() -%}
    select ticker, region, factor_name, date, raw_value, zscore, score, percentile
    from {{ this }}
    where not is_there
    union all
    select
        scores.ticker, scores.region, scores.factor_name, scores.date,
        scores.raw_value, scores.zscore, scores.score, scores.percentile
    from ({{ wanted_factor_scores() }}) as scores
    inner join {{ ref('factor_stale_days') }} as stale on scores.region = stale.region and scores.date = stale.date
    where not stale.was_scored
{%- endmacro %}

{% macro decompress_freely() %}
    {%- do run_query('set local timescaledb.max_tuples_decompressed_per_dml_transaction = 0') -%}
{% endmacro %}

{#- A changed or deleted row, or many new ones within what a compressed chunk has: it is decompressed first, for the statement
    itself would unpack all of it and leave it so. The build's end compresses it again. What is later than all its rows of the
    region goes beside them at once: no batch can hold the same key. -#}
{% macro open_factor_chunks(new_rows) %}
    {%- set chunks -%}
        with

        scored as (
            select
                region,
                max(date) as last_day
            from factors.scored_days
            group by region
        ),

        within as (
            select
                date,
                true as is_there
            from {{ this }}
            where is_there
            union all
            select
                new_rows.date,
                false as is_there
            from ({{ new_rows }}) as new_rows
            inner join scored on new_rows.region = scored.region and new_rows.date <= scored.last_day
        )

        select format('%I.%I', chunk_schema, chunk_name)
        from timescaledb_information.chunks
        where hypertable_schema = 'public' and hypertable_name = 'factor_scores' and is_compressed
            and (
                select count(*) > 1000 or bool_or(is_there) from within
                where date >= range_start::date and date < range_end::date
            )
    {%- endset -%}
    {%- for row in run_query(chunks).rows -%}
        {%- do run_query("select " ~ timescaledb() ~ ".decompress_chunk('" ~ row[0] ~ "')") -%}
    {%- endfor -%}
{% endmacro %}

{#- Where a day was never scored, a row under one of the project's names is an application's: it is put right. Days stand
    as constants, for otherwise every compressed chunk is looked into. -#}
{% macro apply_factor_changes(found, new_rows) %}
    {%- set same_row -%}
        scores.date between '{{ found.first_there }}' and '{{ found.last_there }}'
            and (scores.ticker, scores.region, scores.factor_name, scores.date)
            = (changes.ticker, changes.region, changes.factor_name, changes.date)
    {%- endset -%}
    {% if found.deleted %}
    {% call statement('delete_factor_scores') -%}
        delete from {{ ref('factor_scores') }} as scores
        using {{ this }} as changes
        where changes.is_there and not changes.is_wanted
            and {{ same_row }}
    {%- endcall %}
    {% endif %}
    {% if found.updated %}
    {% call statement('update_factor_scores') -%}
        update {{ ref('factor_scores') }} as scores
        set raw_value = changes.raw_value, zscore = changes.zscore, score = changes.score, percentile = changes.percentile
        from {{ this }} as changes
        where changes.is_there and changes.is_wanted
            and {{ same_row }}
    {%- endcall %}
    {% endif %}
    {% call statement('insert_factor_scores') -%}
        insert into {{ ref('factor_scores') }} (ticker, region, factor_name, date, raw_value, zscore, score, percentile)
        {{ new_rows }}
        order by region, factor_name, ticker, date
        on conflict (ticker, region, factor_name, date) do update set
            raw_value = excluded.raw_value, zscore = excluded.zscore, score = excluded.score, percentile = excluded.percentile
    {%- endcall %}
{% endmacro %}

{% macro save_factor_state() %}
    {% call statement('save_factor_state') -%}
        delete from factors.known_days as known
        using {{ ref('factor_days') }} as days
        where days.is_changed and (known.region, known.date) = (days.region, days.date);

        insert into factors.known_days (region, date, digest)
        select region, date, digest
        from {{ ref('factor_days') }}
        where is_changed and stocks > 0;

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
