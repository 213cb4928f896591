{#- A table of derived rows by region and month, or by horizon too, of which each build replaces those that are stale: config
    stale names a relation of their keys, and config stale_horizons says which of its horizons are meant. The rows can be worked
    out again, so a table of other columns is made anew, and first go the views of the project that read it: config read_by. -#}
{% materialization by_month, default %}
    {%- set relation = this.incorporate(type='table').include(database=false) -%}
    {%- set stale = config.require('stale') -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- if is_idle(relation, stale) -%}
        {% call noop_statement('main', 'IDLE', 'IDLE') %}{{ sql }}{% endcall %}
    {%- else -%}
        {%- do set_build_memory() -%}
        {%- if timescale.existing_columns(relation | string) != timescale.query_columns(sql) -%}
            {%- do run_query('drop view if exists ' ~ config.require('read_by')) -%}
            {%- do run_query('drop table if exists ' ~ relation) -%}
            {%- do run_query('create table ' ~ relation ~ ' as select * from (' ~ sql ~ ') as rows limit 0') -%}
            {%- do run_query('create index on ' ~ relation ~ ' (region, month)') -%}
            {%- do timescale.reconcile_comments(relation, model) -%}
        {%- endif -%}
        {% call statement('delete_stale') -%}
            {%- set keys = 'region, month, horizon' if 'horizon' in timescale.existing_columns(relation | string) else 'region, month' -%}
            delete from {{ relation }}
            where ({{ keys }}) in (select {{ keys }} from {{ stale }} where horizon {{ config.require('stale_horizons') }})
        {%- endcall %}
        {% call statement('main') -%}
            insert into {{ relation }}
            {{ sql }}
        {%- endcall %}
    {%- endif -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}
