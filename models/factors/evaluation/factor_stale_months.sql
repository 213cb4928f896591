{#- A month is judged by its last day, by the days that end the horizons after it, and by the month before. What was scored
    since the last whole evaluation is stale, so that nothing is left out when a build is killed between the two. -#}
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
        max(written.written_at) as through
    from written
    cross join (values (1), (0), (-1), (-2), (-3), (-6), (-12)) as steps (months)
    group by written.region, (written.month + steps.months * interval '1 month')::date
)

-- depends_on: {{ ref('factor_current') }}
select * from final
