with

scores as (
    select * from {{ ref('factor_month_scores') }}
    where percentile is not null
),

pairs as (
    select
        scores.ticker,
        scores.region,
        scores.factor_name,
        scores.month,
        scores.quintile,
        previous.quintile as quintile_before,
        rank() over by_score + count(*) over by_score as score_rank,
        rank() over by_score_before + count(*) over by_score_before as score_rank_before,
        previous.ticker is not null as was_scored
    from scores
    left join scores as previous
        on
            scores.region = previous.region and scores.factor_name = previous.factor_name
            and scores.ticker = previous.ticker and previous.month = scores.month - interval '1 month'
    inner join {{ ref('factor_stale_months') }} as stale
        on scores.region = stale.region and scores.month = stale.month and stale.horizon = -1
    window
        by_score as (
            partition by scores.region, scores.factor_name, scores.month, previous.ticker is null order by scores.percentile
        ),
        by_score_before as (
            partition by scores.region, scores.factor_name, scores.month, previous.ticker is null order by previous.percentile
        )
),

final as (
    select
        region,
        factor_name,
        month,
        count(*) filter (where was_scored) as stocks,
        (count(*) filter (where quintile = 5 and quintile_before is distinct from 5))::double precision
        / nullif(count(*) filter (where quintile = 5), 0) as turnover,
        corr(score_rank, score_rank_before order by ticker) filter (where was_scored) as rank_autocorrelation
    from pairs
    group by region, factor_name, month
    having count(*) filter (where was_scored) > 0
)

select * from final
