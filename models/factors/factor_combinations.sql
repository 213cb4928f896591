{{ config(needs_rows_of='factors.factor_stale_days') }}
with

members as (
    {{ combined(ref('factor_single')) }}
)

select * from ({{ scored('members') }}) as scored
