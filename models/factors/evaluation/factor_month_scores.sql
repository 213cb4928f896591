{{ config(needs_rows_of='factors.factor_stale_months') }}
{%- set scored_days -%}
select date from {{ ref('factor_stale_months') }}
union
select other_date from {{ ref('factor_stale_months') }} where horizon = -1
{%- endset %}
-- depends_on: {{ ref('factor_changes') }}
with

wanted as (
    select
        region,
        date
    from {{ ref('factor_stale_months') }}
    where date is not null
    union
    select
        region,
        other_date as date
    from {{ ref('factor_stale_months') }}
    where horizon = -1 and other_date is not null
),

final as (
    select
        scores.ticker,
        scores.region,
        date_trunc('month', scores.date)::date as month,
        scores.factor_name,
        scores.score,
        scores.percentile,
        least(5, 1 + floor(scores.percentile / 20))::integer as quintile
    from {{ ref('factor_scores') }} as scores
    inner join wanted on scores.region = wanted.region and scores.date = wanted.date
    where
        {{ on_days('scores.date', scored_days) }}
        and scores.factor_name in ({{ factor_names() }})
)

select * from final
