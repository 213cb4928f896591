{{ config(pre_hook="{{ create_factor_state() }}") }}
with

now_there as (
    select
        region,
        date,
        digest
    from {{ ref('factor_days') }}
),

known as (
    select
        region,
        date,
        digest
    from factors.known_days
),

final as (
    select
        region,
        date
    from now_there
    full join known using (region, date)
    where now_there.digest is distinct from known.digest
)

select * from final
