{{ config(needs_rows_of='factors.factor_stale_days') }}
with

members as (
    {{ combined(ref('factor_single')) }}
),

combinations as (
    {{ scored('members') }}
),

members_that_are_combinations as (
    {{ combined('combinations', of_combinations=true) }}
),

composites as (
    {{ scored('members_that_are_combinations') }}
)

select * from combinations
union all
select * from composites
