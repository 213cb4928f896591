{#- What a month may weigh a factor with: the mean information coefficient, one month ahead, of all months whose forward
    prices were there before it began. The return of a month's last day ends with the last day of the month after. -#}
with

scored_months as (
    select distinct
        region,
        date_trunc('month', date::timestamp)::date as month
    from factors.scored_days
),

coefficients as (
    select
        region,
        factor_name,
        month,
        ic
    from {{ ref('factor_ic') }}
    where horizon = 1 and ic is not null and factor_name in (select factor_name from {{ ref('factors') }})
),

known as (
    select
        scored_months.region,
        scored_months.month,
        coefficients.factor_name,
        count(*) as months,
        avg(coefficients.ic order by coefficients.month) as mean_ic
    from scored_months
    inner join coefficients
        on
            scored_months.region = coefficients.region
            and coefficients.month <= scored_months.month - interval '2 months'
    group by scored_months.region, scored_months.month, coefficients.factor_name
),

final as (
    select
        region,
        month,
        factor_name,
        months,
        mean_ic,
        -- what has foretold nothing, or the wrong way, has no say
        case when months >= {{ var('factor_min_ic_months') }} then greatest(mean_ic, 0) else 0 end as weight
    from known
)

select * from final
