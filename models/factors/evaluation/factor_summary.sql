{{ config(post_hook="{{ save_factor_evaluation() }}") }}
with

coefficients as (
    select
        region,
        factor_name,
        horizon,
        count(ic) as months,
        avg(ic) as mean_ic,
        stddev_samp(ic) as deviation,
        avg(ic) / nullif(stddev_samp(ic), 0) * sqrt(count(ic)) as t,
        avg((ic > 0)::integer)::double precision as share_positive
    from {{ ref('factor_ic') }}
    group by region, factor_name, horizon
),

spreads as (
    select
        region,
        factor_name,
        horizon,
        month,
        sum(mean_return) filter (where quintile = 5) - sum(mean_return) filter (where quintile = 1) as spread
    from {{ ref('factor_quintiles') }}
    group by region, factor_name, horizon, month
),

spread_means as (
    select
        region,
        factor_name,
        horizon,
        avg(spread) as mean_spread
    from spreads
    group by region, factor_name, horizon
),

turnovers as (
    select
        region,
        factor_name,
        avg(turnover) as mean_turnover,
        avg(rank_autocorrelation) as mean_autocorrelation
    from {{ ref('factor_turnover') }}
    group by region, factor_name
),

final as (
    select
        coefficients.region,
        coefficients.factor_name,
        coefficients.horizon,
        coefficients.months,
        coefficients.mean_ic,
        coefficients.deviation,
        coefficients.t,
        coefficients.share_positive,
        spread_means.mean_spread,
        turnovers.mean_turnover,
        turnovers.mean_autocorrelation
    from coefficients
    left join spread_means using (region, factor_name, horizon)
    left join turnovers using (region, factor_name)
)

-- depends_on: {{ ref('factor_correlations') }} {{ ref('factor_coverage') }} {{ ref('factor_stale_months') }}
select * from final
