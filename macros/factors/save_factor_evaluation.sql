{#- The last step of an evaluation: what was scored until then is evaluated. -#}
{% macro save_factor_evaluation() %}
    insert into factors.evaluated (through)
    select max(through)
    from {{ ref('factor_stale_months') }}
    having max(through) is not null
    on conflict (only_row) do update set through = excluded.through
{% endmacro %}
