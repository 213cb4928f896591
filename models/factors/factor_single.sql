{{ config(needs_rows_of='factors.factor_stale_days') }}
with

directed as (
    select
        raw_values.*,
        factors.direction
    from {{ ref('factor_raw') }} as raw_values
    inner join {{ ref('factors') }} as factors using (factor_name)
)

select * from ({{ scored('directed') }}) as scored
