{#- Brings a table up to date with raw. Returns what happened as words.

    A full fill takes every raw row, a later one only those of loads after the watermark, and with them whatever shares a
    key with them: the row that holds it now, quarantined rows that lost it, rows whose old key becomes free. Rows that wait in
    quarantine for another row are tried again by every fill. All of it, the watermark included, is one transaction. -#}
{% macro fill_table(relation, spec, sql, source_table, is_new) %}
    {%- set candidates = 'candidates_' ~ spec.name -%}
    {%- set state = build_state(relation, source_table, spec, sql) -%}
    {%- set since = state.built_load_id -%}
    {%- set full = is_new or state.stale or flags.FULL_REFRESH -%}
    {%- set retried = 0 if full else find_retries(relation, spec) -%}
    {%- if not full and state.load_id == since and not var('remove_deleted') and retried == 0 -%}
        {{ return('UP TO DATE') }}
    {%- endif -%}

    {%- do prepare_session(source_table) -%}
    {%- set columns = model_columns(relation, spec, sql) -%}
    {%- set key = none if is_new else source_key(source_table, columns) -%}
    {%- set found = find_candidates(spec, candidates, sql, columns, none if full else since) -%}
    {%- set moved = 0 if full else find_removed_in_raw(spec, candidates, source_table, since)
        + add_moved_by_parents(spec, candidates, sql, columns, since) -%}
    {%- set deleted = 0 if is_new else find_deleted_in_source(relation, spec, source_table, full or key or var('remove_deleted')) -%}
    {%- set added = add_retries(spec, candidates, sql, columns) if retried else 0 -%}
    {%- if found + moved + deleted + added == 0 -%}
        {%- do save_watermark(relation, state) -%}
        {{ return('UP TO DATE') }}
    {%- endif -%}

    {%- do run_query('analyze ' ~ candidates ~ ' (' ~ quoted_list(spec.key) ~ ', _rowid, _reason)') -%}
    {%- if not full -%}
        {%- do find_current_keys(relation, spec, key) -%}
        {%- if find_key_conflicts(relation, spec, candidates) > 0 -%}
            {%- do add_key_conflicts(spec, candidates, sql, columns) -%}
        {%- endif -%}
    {%- endif -%}
    {%- do check_references_and_duplicates(relation, spec, candidates, is_new) -%}
    {%- if not is_new -%}
        {%- if config.get('hypertable') -%}
            {#- the default limit exists to protect from mistakes; here each row is meant -#}
            {%- do execute_and_count('set local timescaledb.max_tuples_decompressed_per_dml_transaction = 0') -%}
        {%- endif -%}
        {%- do vacate_old_keys(relation, spec, candidates, relation if full else 'current_keys_' ~ spec.name, key) -%}
    {%- endif -%}
    {%- if config.get('stub_where') -%}
        {%- do drop_needless_stubs(relation, spec, candidates, is_new) -%}
    {%- endif -%}
    {%- do loosen_rules(relation, spec, candidates, columns) -%}
    {%- set written = upsert_candidates(relation, spec, candidates, columns, is_new) -%}
    {%- set quarantined = quarantine_candidates(spec, candidates, source_table, is_new) -%}
    {#- a hypertable has no index on its ids -#}
    {%- set lately = '(select * from ' ~ candidates ~ ' where _reason is null) as c' -%}
    {%- do continue_identity(relation, spec, lately if config.get('hypertable') and not full else relation) -%}
    {%- do save_watermark(relation, state) -%}
    {{ return('WROTE ' ~ written ~ (', QUARANTINED ' ~ quarantined if quarantined else '')) }}
{% endmacro %}

{#- Plans over raw need its statistics, and a load leaves none behind: which rows are new, and, once, what texts it holds:
    without them the planner does not keep the answers of `memoized`. The other columns would take three quarters of the
    time. A role may have set that doubles be rounded where they become text, as they do in the quarantine. -#}
{% macro prepare_session(source_table) %}
    {%- do set_build_memory() -%}
    {%- do run_query("set local extra_float_digits = 1") -%}
    {%- if raw_columns(source_table) -%}
        {%- set raw_table = source('raw', source_table) -%}
        {%- set columns = ['_rowid', '_load_id'] -%}
        {%- if run_query("select reltuples < 0 from pg_class where oid = '" ~ raw_table ~ "'::regclass").rows[0][0] -%}
            {%- for name, type in raw_columns(source_table).items() if type == 'text' -%}
                {%- do columns.append(name) -%}
            {%- endfor -%}
        {%- endif -%}
        {%- do run_query('analyze ' ~ raw_table ~ ' (' ~ quoted_list(columns) ~ ')') -%}
    {%- endif -%}
{% endmacro %}

{#- Room for sorts and hashes, until the transaction ends. -#}
{% macro set_build_memory() %}
    {% call statement('set_build_memory') -%}
        set local work_mem = '{{ var("build_work_mem") }}';
        set local maintenance_work_mem = '{{ var("build_work_mem") }}';
    {%- endcall %}
{% endmacro %}

{#- The body of a table that no source fills: dbt makes and keeps the table, applications write to it. -#}
{% macro written_by_applications() -%}
    select 'nothing: applications write to this table' as source where false
{%- endmacro %}
