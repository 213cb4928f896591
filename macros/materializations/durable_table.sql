{#- A table that holds data for ever: made from its declaration, filled by what is new or changed, never dropped. -#}
{% materialization durable_table, default %}
    {%- set relation = this.incorporate(type='table').include(database=false) -%}
    {%- set spec = built_spec(model) -%}
    {%- set source_table = config.get('source_table') -%}
    {%- do refuse_ignored_config(model) -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {%- do execute_and_count("select pg_advisory_xact_lock(hashtext('quant: " ~ spec.name ~ "'))") -%}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- if source_table -%}
        {%- for name, type in widened_columns(source_table).items() -%}
            {%- do spec.columns[name].update({'type': type, 'widened': true}) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- do create_sequences(spec) -%}
    {%- set existing = timescale.existing_columns(relation | string) -%}
    {%- set is_new = not existing -%}
    {%- if is_new -%}
        {%- do create_durable_table(relation, spec) -%}
        {%- if source_table -%}
            {#- on the empty table, where it costs nothing -#}
            {%- do reconcile_rules(relation, spec) -%}
        {%- endif -%}
    {%- else -%}
        {%- do evolve_durable_table(relation, spec, existing) -%}
    {%- endif -%}
    {%- do own_sequences(relation, spec) -%}
    {%- set outcome = fill_table(relation, spec, sql, source_table, is_new) if source_table else 'READY' -%}
    {%- do reconcile_constraints(relation, spec) -%}
    {%- if source_table -%}
        {%- do reconcile_rules(relation, spec) -%}
    {%- endif -%}
    {%- do reconcile_indexes(relation, config.get('named_indexes', {})) -%}
    {%- if config.get('hypertable') -%}
        {%- do timescale.reconcile_chunk_interval(relation, config.get('hypertable')) -%}
        {%- do timescale.reconcile_compression(relation, timescale.compression_layout(config.get('compression'), spec.foreign_keys)) -%}
        {%- do timescale.reconcile_retention_policy(relation, config.get('hypertable').drop_after) -%}
    {%- endif -%}
    {%- do timescale.reconcile_comments(relation, model) -%}
    {%- do apply_grants(this.incorporate(type='table'), config.get('grants'), should_revoke=not is_new) -%}
    {%- if outcome.startswith('WROTE') and (is_new or flags.FULL_REFRESH) -%}
        {#- keys are what plans depend on, and rowids what conservation is told by; the other columns would take most of the time -#}
        {%- do execute_and_count('analyze ' ~ relation ~ ' (' ~ quoted_list(spec.key + ['source_rowid']) ~ ')') -%}
    {%- endif -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% call noop_statement('main', outcome, outcome.split(' ')[0]) %}{{ sql }}{% endcall %}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [this.incorporate(type='table')]}) }}
{% endmaterialization %}
