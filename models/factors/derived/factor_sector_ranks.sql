{#- Ranks among the stocks of one sector: what a factor says of a stock beside its like. The sector is today's, for the source
    keeps no other. -#}
with

scores as (
    select
        scores.ticker,
        scores.region,
        scores.factor_name,
        scores.date,
        details.sector,
        scores.percentile as percentile_of_region
    from {{ ref('factor_scores') }} as scores
    inner join {{ ref('stock_details') }} as details
        on scores.ticker = details.ticker and scores.region = details.region
    where scores.percentile is not null and details.sector <> ''
),

ranked as (
    select
        *,
        count(*) over (partition by region, factor_name, date, sector) as stocks,
        rank() over by_percentile as first_rank,
        count(*) over by_percentile as last_rank
    from scores
    window by_percentile as (partition by region, factor_name, date, sector order by percentile_of_region)
),

final as (
    select
        ticker,
        region,
        factor_name,
        date,
        sector,
        stocks,
        percentile_of_region,
        100 * ((first_rank + last_rank) / 2::double precision - 1) / (stocks - 1) as percentile
    from ranked
    where stocks >= {{ var('factor_min_names') }}
)

select * from final
