{{ config(needs_rows_of='factors.factor_stale_days') }}
{{ config(post_hook="{{ write_factor_scores() }}") }}
select * from {{ ref('factor_single') }}
union all
select * from {{ ref('factor_combinations') }}
union all
select * from {{ ref('factor_composites') }}
