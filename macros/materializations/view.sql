{#- dbt's own view is made anew by every build, and the old one goes with `cascade`, whatever others have built on it
    (dbt-core issue 2185). This one leaves a view that is as it was alone, replaces it in place where PostgreSQL can, and
    drops it only where nobody else's view stands on it. -#}
{% materialization view, default %}
    {%- set relation = this.incorporate(type='view').include(database=false) -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- do run_query('create temporary view view_probe as ' ~ sql) -%}
    {%- set found = run_query(
        "select c.relkind::text, pg_get_viewdef(c.oid) = pg_get_viewdef('pg_temp.view_probe'::regclass) from pg_class as c"
        ~ " where c.oid = to_regclass('" ~ relation ~ "')"
    ).rows -%}
    {%- set wanted = existing_columns('pg_temp.view_probe').items() | list -%}
    {%- do run_query('drop view pg_temp.view_probe') -%}
    {%- if found and found[0][0] != 'v' -%}
        {{ exceptions.raise_compiler_error(
            "There is a " ~ relation ~ " that is no view, and it may hold data: rename or drop it by hand, then build again.") }}
    {%- endif -%}
    {%- set unchanged = found and found[0][1] -%}
    {%- set present = existing_columns(relation | string).items() | list -%}
    {%- if found and wanted[: present | length] != present -%}
        {%- do drop_view_alone(relation) -%}
    {%- endif -%}
    {% call statement('main') -%}
        {%- if unchanged -%} select 'unchanged' {%- else -%} create or replace view {{ relation }} as {{ sql }} {%- endif -%}
    {%- endcall %}
    {%- do reconcile_comments(relation, model) -%}
    {%- do apply_grants(this.incorporate(type='view'), config.get('grants'), should_revoke=found | length > 0) -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [this.incorporate(type='view')]}) }}
{% endmaterialization %}
