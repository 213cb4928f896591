{#- A step between others: an unlogged table that holds what this build works on, and nothing else. It is made anew, by a
    statement that may run in parallel, and never dropped from under somebody's view. -#}
{% materialization scratch, default %}
    {%- set relation = this.incorporate(type='table').include(database=false) -%}
    {%- set needs = config.get('needs_rows_of') -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- set idle = needs and existing_columns(relation | string)
        and not run_query('select exists (select from ' ~ needs ~ ')').rows[0][0] -%}
    {%- if idle -%}
        {% call statement('main') -%}
            truncate {{ relation }}
        {%- endcall %}
    {%- else -%}
        {%- do run_query('drop table if exists ' ~ relation) -%}
        {% call statement('main') -%}
            create unlogged table {{ relation }} as
            {{ sql }}
        {%- endcall %}
        {%- do run_query('analyze ' ~ relation) -%}
        {%- do reconcile_comments(relation, model) -%}
    {%- endif -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}
