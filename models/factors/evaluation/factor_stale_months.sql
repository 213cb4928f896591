{#- What is evaluated anew for the scores of this build, and for those that a build that was killed left unevaluated. A
    month is itself compared with the one before it, and of each horizon either end can have changed. -#}
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

months as (
    select distinct
        region,
        date_trunc('month', date)::date as month
    from days
),

steps as (
    select horizon from (values (-1), (0), (1), (2), (3), (6), (12)) as steps (horizon)
),

stale as (
    select
        months.region,
        months.month,
        steps.horizon
    from months
    cross join steps
    union
    select
        months.region,
        (months.month - steps.horizon * interval '1 month')::date as month,
        steps.horizon
    from months
    cross join steps
),

month_ends as (
    select
        region,
        date_trunc('month', date)::date as month,
        date
    from {{ ref('factor_days') }}
    where is_month_end
),

final as (
    select
        stale.region,
        stale.month,
        stale.horizon,
        month_ends.date,
        other_ends.date as other_date
    from stale
    left join month_ends
        on stale.region = month_ends.region and stale.month = month_ends.month
    left join month_ends as other_ends
        on
            stale.region = other_ends.region
            and other_ends.month = (stale.month + stale.horizon * interval '1 month')::date
)

select * from final
