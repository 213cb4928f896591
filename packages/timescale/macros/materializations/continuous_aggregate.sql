{#- A continuous aggregate that is rebuilt only when its SQL changes, or where it stores a bucket that is not over. State is
    recorded after the refresh: a build that is killed in between refreshes again. -#}
{% materialization continuous_aggregate, default %}
    {%- set relation = this.incorporate(type='materialized_view').include(database=false) -%}
    {%- set body = sql | replace('"' ~ target.dbname ~ '".', '') | trim -%}
    {%- set unqualified = body | replace(timescale.timescaledb() ~ '.', '') -%}
    {%- set fingerprint = local_md5(modules.re.sub('\\s+', ' ', modules.re.sub('--[^\n]*', '', unqualified))) -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {#- One lock for all aggregates: two that are made at once on one parent would both make its trigger. -#}
    {%- do timescale.lock('continuous aggregates') -%}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- set asked -%}
        select
            (
                select view_name is not null from timescaledb_information.continuous_aggregates
                where view_schema = '{{ this.schema }}' and view_name = '{{ this.identifier }}'
            ),
            to_regclass('{{ relation }}') is not null
    {%- endset -%}
    {%- set found = run_query(asked).rows[0] -%}
    {%- if found[1] and not found[0] -%}
        {{ exceptions.raise_compiler_error(
            "There is a " ~ relation ~ " that is no continuous aggregate, and it may hold data: rename or drop it by hand,"
            ~ " then build again.") }}
    {%- endif -%}
    {%- set built = timescale.saved_definition(relation, 'aggregate') -%}
    {%- set changed = not found[0] or (built is not none and built not in (fingerprint, 'refreshing ' ~ fingerprint)) -%}
    {%- set ahead = not changed and timescale.watermark_is_ahead(relation) -%}
    {%- if ahead and timescale.history_of_aggregate(relation) -%}
        {%- do exceptions.warn(
            relation.identifier ~ " stores a bucket that is not over, so that what is written into it does not show before its end: somebody"
            ~ " refreshed it without an end. It stays, as retention has dropped days that it was made from.") -%}
        {%- set ahead = false -%}
    {%- endif -%}
    {%- set rebuild = changed or ahead -%}
    {%- set unfilled = rebuild or built != fingerprint -%}
    {%- if rebuild and found[0] -%}
        {%- do timescale.drop_aggregate(relation) -%}
    {%- endif -%}
    {%- if rebuild -%}
        {%- set create -%}
            create materialized view {{ relation }}
            with (timescaledb.continuous, timescaledb.materialized_only = false) as
            {{ body }}
            with no data
        {%- endset -%}
        {%- do run_query(create) -%}
        {%- do timescale.restore_bucket_width(relation) -%}
        {%- do timescale.save_definition(relation, 'aggregate', 'refreshing ' ~ fingerprint) -%}
    {%- endif -%}
    {%- do timescale.reconcile_comments(relation, model) -%}
    {%- do apply_grants(this.incorporate(type='materialized_view'), config.get('grants'), should_revoke=not rebuild) -%}
    {%- do timescale.reconcile_refresh_job(relation) -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% call noop_statement('main', 'REBUILT' if rebuild else 'REFRESHED', 'REBUILT' if rebuild else 'REFRESHED') %}{{ sql }}{% endcall %}
    {{ adapter.commit() }}
    {#- Only what has changed since the last refresh is computed, so this costs next to nothing when nothing has. -#}
    {%- do timescale.refresh_aggregate(relation) -%}
    {%- if unfilled -%}
        {%- do timescale.save_definition(relation, 'aggregate', fingerprint) -%}
        {{ adapter.commit() }}
    {%- endif -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [this.incorporate(type='materialized_view')]}) }}
{% endmaterialization %}
