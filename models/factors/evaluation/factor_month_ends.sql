with

final as (
    select
        region,
        date_trunc('month', date)::date as month,
        date
    from {{ ref('factor_days') }}
    where is_month_end
)

select * from final
