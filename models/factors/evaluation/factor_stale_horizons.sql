{#- A return has two ends, and either month can have changed. -#}
with

horizons as (
    select horizon from (values (1), (2), (3), (6), (12)) as steps (horizon)
),

final as (
    select
        stale.region,
        stale.month,
        horizons.horizon
    from {{ ref('factor_stale_months') }} as stale
    cross join horizons
    union
    select
        stale.region,
        (stale.month - horizons.horizon * interval '1 month')::date as month,
        horizons.horizon
    from {{ ref('factor_stale_months') }} as stale
    cross join horizons
)

select * from final
