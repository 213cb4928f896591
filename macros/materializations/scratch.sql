{#- A step between others: an unlogged table that holds what this build works on, and nothing else. It is made anew, by a
    statement that may run in parallel, and never dropped from under somebody's view. -#}
{% materialization scratch, default %}
    {%- set relation = this.incorporate(type='table').include(database=false) -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {%- set idle = is_idle(relation, config.get('needs_rows_of')) -%}
    {%- if not idle -%}
        {%- do set_build_memory() -%}
        {#- into compressed prices or scores, one takes milliseconds a row -#}
        {%- do run_query('set local enable_nestloop = off') -%}
    {%- endif -%}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- if idle -%}
        {#- truncating what is empty would make a new file -#}
        {%- if run_query('select exists (select from ' ~ relation ~ ')').rows[0][0] -%}
            {%- do run_query('truncate ' ~ relation) -%}
        {%- endif -%}
        {% call noop_statement('main', 'IDLE', 'IDLE') %}{{ sql }}{% endcall %}
    {%- else -%}
        {% call statement('main') -%}
            drop table if exists {{ relation }};
            create unlogged table {{ relation }} as
            {{ sql }}
        {%- endcall %}
        {%- do run_query('analyze ' ~ relation) -%}
        {%- do timescale.reconcile_comments(relation, model) -%}
    {%- endif -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}

{% macro is_idle(relation, needed) %}
    {%- if not needed -%}
        {{ return(false) }}
    {%- endif -%}
    {% call statement('is_idle', fetch_result=True) -%}
        select to_regclass('{{ relation }}') is not null and not exists (select from {{ needed }})
    {%- endcall %}
    {{ return(load_result('is_idle').table.rows[0][0]) }}
{% endmacro %}
