{#- The rows of a relation (ticker, region, date, factor_name, direction, raw_value) with zscore, score and percentile
    within their region, factor and day. Ties share the average of their ranks. Sums of doubles are taken in order: what
    has not changed comes out bit for bit as before, and is not written again. -#}
{% macro scored(relation) %}
with

cuts as (
    select
        region,
        factor_name,
        date,
        count(*) as stocks,
        percentile_cont(array[{{ var('factor_winsor') }}, 1 - {{ var('factor_winsor') }}]) within group (
            order by raw_value
        ) as cut
    from {{ relation }}
    group by date, factor_name, region
    having count(*) >= {{ var('factor_min_names') }}
),

winsorized as (
    select
        relation.*,
        cuts.stocks,
        least(greatest(relation.raw_value, cuts.cut[1]), cuts.cut[2]) as cut_value
    from {{ relation }} as relation
    left join cuts using (region, factor_name, date)
),

moments as (
    select
        region,
        factor_name,
        date,
        avg(cut_value order by cut_value) as mean,
        stddev_samp(cut_value order by cut_value) as deviation
    from winsorized
    where stocks is not null
    group by date, factor_name, region
    having min(cut_value) < max(cut_value)
),

ranked as (
    select
        *,
        rank() over directed as first_rank,
        count(*) over directed as last_rank
    from winsorized
    window directed as (partition by date, factor_name, region order by direction * raw_value)
),

standardized as (
    select
        ranked.*,
        (ranked.cut_value - moments.mean) / moments.deviation as zscore
    from ranked
    left join moments using (region, factor_name, date)
),

final as (
    select
        ticker,
        region,
        date,
        factor_name,
        raw_value,
        zscore,
        case when zscore is not null then least(greatest(direction * zscore, -3), 3) end as score,
        100 * ((first_rank + last_rank) / 2::double precision - 1) / (stocks - 1) as percentile
    from standardized
)

select * from final
{% endmacro %}
