with

scores as (
    select * from {{ ref('factor_month_scores') }}
    inner join {{ ref('factor_stale_months') }} using (region, month)
    where horizon = 0 and score is not null
),

final as (
    select
        scored.region,
        scored.month,
        scored.factor_name,
        paired.factor_name as other_factor,
        count(*) as stocks,
        corr(scored.score, paired.score order by scored.ticker) as coefficient
    from scores as scored
    inner join scores as paired
        on
            scored.region = paired.region and scored.month = paired.month and scored.ticker = paired.ticker
            and scored.factor_name < paired.factor_name
    group by scored.region, scored.month, scored.factor_name, paired.factor_name
)

select * from final
