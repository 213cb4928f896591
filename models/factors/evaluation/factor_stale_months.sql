{#- What was scored since the last whole evaluation is stale, so that nothing is left out when a build is killed between the
    two. A month's last day ends the horizons of earlier months, and is what the month after it compares its own with. -#}
with

written as (
    select
        region,
        date_trunc('month', date) as month,
        max(written_at) as written_at
    from factors.scored_days
    where written_at > coalesce((select through from factors.evaluated), '-infinity')
    group by region, date_trunc('month', date)
),

final as (
    select
        written.region,
        (written.month + steps.months * interval '1 month')::date as month,
        bool_or(steps.months = 0) as of_scores,
        bool_or(steps.months >= 0) as of_ranks,
        bool_or(steps.months <= 0) as of_returns,
        max(written.written_at) as through
    from written
    cross join (values (1), (0), (-1), (-2), (-3), (-6), (-12)) as steps (months)
    group by written.region, (written.month + steps.months * interval '1 month')::date
)

-- depends_on: {{ ref('factor_changes') }}
select * from final
