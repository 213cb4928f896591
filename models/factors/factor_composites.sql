{{ config(needs_rows_of='factors.factor_stale_days') }}
with

members as (
    {{ combined(ref('factor_combinations'), of_combinations=true) }}
)

select * from ({{ scored('members') }}) as scored
