{{ config(
    needs_rows_of='factors.factor_stale_days',
    pre_hook="{{ decompress_freely() }}",
    post_hook="{{ write_factor_scores() }}"
) }}
{#- Of the stale days, what is in factor_scores under the project's own names and should not be, or the other way round. -#}
with

wanted as (
    select * from {{ ref('factor_single') }}
    union all
    select * from {{ ref('factor_combinations') }}
    union all
    select * from {{ ref('factor_composites') }}
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
    inner join {{ ref('factor_stale_days') }} as stale on scores.region = stale.region and scores.date = stale.date
    where
        stale.was_scored
        and scores.date >= (select min(stale_days.date) from {{ ref('factor_stale_days') }} as stale_days)
        and scores.date <= (select max(stale_days.date) from {{ ref('factor_stale_days') }} as stale_days)
        and scores.factor_name in (
            select factor_name from {{ ref('factors') }}
            union all
            select combination from {{ ref('factor_weights') }}
        )
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
