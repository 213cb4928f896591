{#- Brings a table up to date with raw. Returns what happened as words.

    A full fill takes every raw row, a later one only those of loads after the watermark, and with them whatever shares a
    key with them: the row that holds it now, quarantined rows that lost it, rows whose old key becomes free. Rows that wait in
    quarantine for another row are asked again by every fill. All of it, the watermark included, is one transaction. -#}
{% macro fill_table(relation, spec, sql, source_table, is_new) %}
    {%- set due = 'due_' ~ spec.name -%}
    {%- set state = build_state(relation, source_table, spec, sql) -%}
    {%- set since = state.built_load_id -%}
    {%- set full = is_new or state.stale or flags.FULL_REFRESH -%}
    {%- set waiting = 0 if full else find_waiting(relation, spec) -%}
    {%- if not full and state.load_id == since and not var('remove_deleted') and waiting == 0 -%}
        {{ return('UP TO DATE') }}
    {%- endif -%}

    {%- do prepare_session(source_table) -%}
    {%- set columns = model_columns(relation, spec, sql) -%}
    {%- set key = none if is_new else own_key(source_table, columns) -%}
    {%- set condition = 'true' if full else '\\1._load_id > ' ~ since -%}
    {%- set found = statement_rows(
        'create temporary table ' ~ due ~ ' on commit drop as ' ~ select_due(spec, narrow(sql, condition, condition), columns)) -%}
    {%- set moved = 0 if full else find_moved(spec, due, source_table, since) + add_moved_by_parents(spec, due, sql, columns, since) -%}
    {%- set gone = 0 if is_new else find_gone(relation, spec, source_table, full or key or var('remove_deleted')) -%}
    {%- set added = add_waiting(spec, due, sql, columns) if waiting else 0 -%}
    {%- if found + moved + gone + added == 0 -%}
        {%- do remember_state(relation, state) -%}
        {{ return('UP TO DATE') }}
    {%- endif -%}

    {%- do run_query('analyze ' ~ due ~ ' (' ~ quoted_list(spec.key) ~ ', _rowid, _reason)') -%}
    {%- if not full -%}
        {%- do find_held(relation, spec, key) -%}
        {%- if find_related(relation, spec, due) > 0 -%}
            {%- do statement_rows('insert into ' ~ due ~ ' ' ~ select_due(
                spec, narrow(sql, '\\1._rowid in (select rowid from related_' ~ spec.name ~ ')', 'false'), columns)) -%}
        {%- endif -%}
    {%- endif -%}
    {%- do judge_due(relation, spec, due, is_new) -%}
    {%- if not is_new -%}
        {%- if config.get('hypertable') -%}
            {#- the default limit exists to protect from mistakes; here each row is meant -#}
            {%- do statement_rows('set local timescaledb.max_tuples_decompressed_per_dml_transaction = 0') -%}
        {%- endif -%}
        {%- do leave_old_keys(relation, spec, due, relation if full else 'held_' ~ spec.name, key) -%}
    {%- endif -%}
    {%- if config.get('stub_where') -%}
        {%- do drop_needless_stubs(relation, spec, due, is_new) -%}
    {%- endif -%}
    {%- do loosen_rules(relation, spec, due, columns) -%}
    {%- set written = upsert_due(relation, spec, due, columns, is_new) -%}
    {%- set quarantined = quarantine_due(spec, due, source_table, is_new) -%}
    {%- do continue_identity(relation, spec) -%}
    {%- do remember_state(relation, state) -%}
    {{ return('WROTE ' ~ written ~ (', QUARANTINED ' ~ quarantined if quarantined else '')) }}
{% endmacro %}
