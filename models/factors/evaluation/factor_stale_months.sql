{#- Months whose scores this build works out anew, or that a build that was killed left unevaluated. -#}
with

days as (
    select
        region,
        date
    from {{ ref('factor_stale_days') }}
    union
    select
        region,
        date
    from factors.scored_days
    where written_at > coalesce((select through from factors.evaluated), '-infinity')
),

final as (
    select distinct
        region,
        date_trunc('month', date)::date as month
    from days
)

select * from final
