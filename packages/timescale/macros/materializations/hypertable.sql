{#- A hypertable that is made once and never rebuilt, whatever --full-refresh says. Each build adds the rows of the SQL; with
    unique_key a row that is there already is replaced where it differs. A column more is added, any other change refused. -#}
{% materialization hypertable, default %}
    {%- set relation = this.incorporate(type='table').include(database=false) -%}
    {%- set time_column = config.require('time_column') -%}
    {%- set key = config.get('unique_key', []) -%}
    {%- set key = [key] if key is string else key -%}
    {%- set chunk_interval = config.get('chunk_interval', '7 days') -%}
    {%- set compression = config.get('compression') -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {%- do timescale.lock(relation | string) -%}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- set existing = timescale.existing_columns(relation | string) -%}
    {%- set wanted = timescale.query_columns(sql) -%}
    {%- if not existing -%}
        {%- do timescale.create_from_query(relation, wanted, key) -%}
        {%- do timescale.create_hypertable(relation, time_column, chunk_interval) -%}
    {%- else -%}
        {%- do timescale.add_columns(relation, wanted, existing) -%}
    {%- endif -%}
    {%- call statement('main') -%}
        {{ timescale.upsert_sql(relation, sql, wanted, key) }}
    {%- endcall -%}

    {%- do timescale.reconcile_chunk_interval(relation, {'chunk_interval': chunk_interval}) -%}
    {%- if compression -%}
        {%- do timescale.reconcile_compression(relation, timescale.compression_layout(compression, [])) -%}
    {%- endif -%}
    {%- do timescale.reconcile_retention_policy(relation, config.get('drop_after', 'never')) -%}
    {%- do timescale.reconcile_comments(relation, model) -%}
    {%- do apply_grants(this.incorporate(type='table'), config.get('grants'), should_revoke=existing | length > 0) -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}
