{#- The last step of an evaluation: what was scored until then is evaluated. The steps of a first fill are large, and the next
    build would spend a second on dropping them; of any other one they are emptied too, so that no step is worked out alone from
    what others no longer hold. -#}
{% macro save_factor_evaluation() %}
    {%- set steps = [ref('factor_stale_days'), ref('factor_stale_months')] -%}
    {%- if execute -%}
        {%- for node in graph.nodes.values() if 'factors' in node.tags and node.config.needs_rows_of -%}
            {%- do steps.append(node.relation_name) -%}
        {%- endfor -%}
        {%- if run_query('select exists (select from ' ~ steps[0] ~ ') or exists (select from ' ~ steps[1] ~ ')').rows[0][0] -%}
            {% call statement('save_factor_evaluation') -%}
                insert into factors.evaluated (through)
                select max(written_at)
                from factors.scored_days
                having max(written_at) is not null
                on conflict (only_row) do update set through = excluded.through;

                truncate {{ steps | join(', ') }};
            {%- endcall %}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}
