{#- Why a row cannot live in the table, from the same declaration that makes the table's constraints; null if it can. -#}
{% macro reason_expression(spec, columns) -%}
    {%- set tests = {} -%}
    {%- for name, type in columns.items() -%}
        {%- set column = adapter.quote(name) -%}
        {%- if type in ('date', 'timestamp with time zone') -%}
            {%- do tests.update({column ~ " = '-infinity'": name ~ ' cannot be read'}) -%}
        {%- endif -%}
        {%- if name in spec.columns and spec.columns[name].not_null -%}
            {%- do tests.update({column ~ ' is null': spec.if_null[name]}) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for name, expression in spec.checks.items() -%}
        {%- do tests.update({'not (' ~ expression ~ ')': 'the check ' ~ name ~ ' fails'}) -%}
    {%- endfor -%}
    {%- for listed, length in index_lengths(spec, columns).items() -%}
        {%- do tests.update({length ~ ' > 2500': 'the key of ' ~ listed ~ ' is too long for an index'}) -%}
    {%- endfor -%}
    case
        when _reason is not null{% for test in tests %} or {{ test }}{% endfor %}
            then concat_ws('; ', _reason
            {%- for test, reason in tests.items() %},
                case when {{ test }} then {{ dbt.string_literal(dbt.escape_single_quotes(reason)) }} end
            {%- endfor %})
    end
{%- endmacro %}

{#- The bytes that a row's texts take in each index, by the columns of the index: a B-tree holds 2,704 in an entry, so that a
    longer key would stop the build amid its table. Texts whose length is declared are left out, for no index overflows with
    them. -#}
{% macro index_lengths(spec, types) %}
    {%- set lengths = {} -%}
    {%- set indexes = spec.constraints.values() | list + config.get('named_indexes', {}).values() | list -%}
    {%- for columns in indexes | map('replace', ' desc', '') | map('replace', ' asc', '') -%}
        {%- set listed = columns.split('(')[1].split(')')[0] -%}
        {%- set texts = [] -%}
        {%- for name in listed.split(', ') if types.get(name) == 'text' and spec.name ~ '_' ~ name ~ '_length' not in spec.checks -%}
            {%- do texts.append(adapter.quote(name)) -%}
        {%- endfor -%}
        {%- if texts -%}
            {%- do lengths.update({listed: 'octet_length(concat(' ~ texts | join(', ') ~ '))'}) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(lengths) }}
{% endmacro %}

{#- The whole row is fetched once it is found: a join would carry every row of raw whole. Between bounds that the planner knows,
    a night's rows are looked for in a night's part of raw. -#}
{% macro quarantine_candidates(spec, candidates, source_table, is_new) %}
    {%- set raw_table = source('raw', source_table) -%}
    {%- set sql -%}
        delete from audit.quarantine as q
        where
            q.table_name = '{{ spec.name }}'
            and (
                exists (select from {{ candidates }} as c where c._rowid = q.rowid and c._reason is null)
                {%- if not is_new %}
                or q.rowid in (select rowid from deleted_in_source_{{ spec.name }})
                {%- endif %}
            )
    {%- endset -%}
    {%- do execute_and_count(sql) -%}
    {%- set sql -%}
        select min(_rowid), max(_rowid) from {{ candidates }}
        where _reason is not null
    {%- endset -%}
    {%- set bounds = run_query(sql).rows[0] -%}
    {%- if bounds[0] is none or not raw_columns(source_table) -%}
        {{ return(0) }}
    {%- endif -%}
    {%- set sql -%}
        insert into audit.quarantine (table_name, rowid, key, reason, "row", first_seen, last_seen)
        select
            '{{ spec.name }}',
            c._rowid,
            {{ key_json(spec, 'c') }},
            c._reason,
            (select to_jsonb(w.*) - '_rowid' - '_load_id' from {{ raw_table }} as w where w.ctid = r.ctid),
            now(),
            now()
        from {{ candidates }} as c
        inner join {{ raw_table }} as r on c._rowid = r._rowid
        where
            c._reason is not null
            and r._rowid between {{ bounds[0] }} and {{ bounds[1] }}
        on conflict (table_name, rowid) do update set
            key = excluded.key,
            reason = excluded.reason,
            "row" = excluded."row",
            last_seen = excluded.last_seen
    {%- endset -%}
    {{ return(execute_and_count(sql)) }}
{% endmacro %}
