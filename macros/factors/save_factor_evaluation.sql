{#- The last step of an evaluation: what was scored until then is evaluated. -#}
{% macro save_factor_evaluation() %}
    insert into factors.evaluated (through)
    select max(written_at)
    from factors.scored_days
    where exists (select from {{ ref('factor_stale_months') }})
    having max(written_at) is not null
    on conflict (only_row) do update set through = excluded.through
{% endmacro %}
