{#- The days whose scores can have moved. A price reaches twelve months and fourteen days ahead (momentum), a report as
    far as it may be used. Days that were scored once stay right for as long as they are in the calendar. -#}
with

days as (
    select * from {{ ref('factor_days') }}
),

kept as (
    select
        days.region,
        days.date,
        scored.definition,
        scored.date is not null as was_scored
    from days
    left join factors.scored_days as scored on days.region = scored.region and days.date = scored.date
    where days.is_month_end or days.is_recent or (days.in_calendar and scored.date is not null)
),

changed_days as materialized (
    select
        region,
        date
    from days
    where is_changed
),

changed_reports as materialized (
    select distinct
        coalesce(reports.region, known.region) as region,
        least(reports.since, known.since) as since,
        greatest(reports.expires, known.expires) as expires
    from {{ ref('factor_reports') }} as reports
    full join factors.known_reports as known on reports.id = known.id
    where reports.digest is distinct from known.digest
),

stale as (
    select
        region,
        date,
        was_scored,
        true as in_calendar
    from kept
    where definition is distinct from '{{ factor_definition() }}'
        or exists (
            select from changed_days as changed
            where changed.region = kept.region
                and changed.date between kept.date - interval '12 months 14 days' and kept.date
        )
        or exists (
            select from changed_reports
            where changed_reports.region = kept.region
                and kept.date >= changed_reports.since and kept.date < changed_reports.expires
        )
),

no_longer_in_calendar as (
    select
        scored.region,
        scored.date,
        true as was_scored,
        false as in_calendar
    from factors.scored_days as scored
    left join days on scored.region = days.region and scored.date = days.date and days.in_calendar
    where days.date is null
),

final as (
    select
        region,
        date,
        in_calendar,
        -- without any state nothing is known, and factor_scores is read
        was_scored or not exists (select from factors.scored_days) and exists (
            select from {{ ref('factor_scores') }}
            where factor_name in ({{ factor_names() }})
        ) as was_scored,
        '{{ factor_definition() }}' as definition
    from (select * from stale union all select * from no_longer_in_calendar) as days
)

select * from final
