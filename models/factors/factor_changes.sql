{{ config(
    needs_rows_of='factors.factor_stale_days',
    pre_hook=["{{ decompress_freely() }}", "set local enable_nestloop = on"],
    post_hook="{{ write_factor_scores() }}"
) }}
{#- Of the days that were scored before, what is in factor_scores under the project's own names and should not be, or the
    other way round. What is wanted of other days is inserted as it is. -#}
with

rescored as (
    select
        region,
        date
    from {{ ref('factor_stale_days') }}
    where was_scored
),

wanted as (
    select scores.*
    from ({{ wanted_factor_scores() }}) as scores
    inner join rescored on scores.region = rescored.region and scores.date = rescored.date
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
    inner join rescored on scores.region = rescored.region and scores.date = rescored.date
    where
        scores.date >= (select min(earliest.date) from rescored as earliest)
        and scores.date <= (select max(latest.date) from rescored as latest)
        and scores.factor_name in ({{ factor_names() }})
),

final as (
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
    where
        wanted.ticker is null or there.ticker is null
        or (wanted.raw_value, wanted.zscore, wanted.score, wanted.percentile)
        is distinct from (there.raw_value, there.zscore, there.score, there.percentile)
)

select * from final
