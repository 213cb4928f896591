{#- Rows that are already there bit for bit are left out before the upsert: on a compressed chunk even a conflict that
    changes nothing would decompress. record_image_eq compares bits, so that 0.0 does not pass for -0.0. A row that an
    application commits amid the build is left as it is: the test nothing_is_lost then names the one that it keeps out. -#}
{% macro upsert_due(relation, spec, due, columns, is_new) %}
    {%- set names = columns | list + ['source_rowid'] -%}
    {%- set values = quoted_list(columns, 'd') ~ ', d._rowid' -%}
    {%- set insert = "insert into " ~ relation ~ " as held (" ~ quoted_list(names) ~ ") select " ~ values ~ " from " ~ due
        ~ " as d where d._reason is null" -%}
    {%- if is_new -%}
        {{ return(statement_rows(insert)) }}
    {%- endif -%}
    {%- set bounds = time_bounds(relation, due) -%}
    {%- set retained_from = retained_from(relation) -%}
    {%- if retained_from -%}
        {%- set is_left = adapter.quote(config.get('hypertable').time_column) ~ " >= '" ~ retained_from ~ "'" -%}
        {%- set insert = insert ~ ' and d.' ~ is_left -%}
        {%- set taken = run_query('select count(*) from ' ~ due ~ ' where _reason is null and not ' ~ is_left).rows[0][0] -%}
        {%- if taken -%}
            {%- do log(counted(taken, 'row') ~ ' of the source for ' ~ spec.name ~ ' are older than ' ~ retained_from
                ~ ', before which retention has taken all: left out, and counted as retained_rows in audit.conservation.', info=True) -%}
        {%- endif -%}
    {%- endif -%}
    {%- set assignments = [] -%}
    {%- for name in names if name not in spec.key -%}
        {%- do assignments.append(adapter.quote(name) ~ ' = excluded.' ~ adapter.quote(name)) -%}
    {%- endfor -%}
    {{ return(statement_rows(
        insert ~ " and not exists (select from " ~ relation ~ " as t where " ~ same_key(spec, 't', 'd') ~ bounds
        ~ " and record_image_eq(row(" ~ quoted_list(names, 't') ~ "), row(" ~ values ~ "))) on conflict ("
        ~ quoted_list(spec.key) ~ ") do update set " ~ assignments | join(', ') ~ " where held.source_rowid is not null"
        ~ (" or exists (select from (select held.*) as stub where " ~ config.get('stub_where') ~ ")" if config.get('stub_where') else "")
    )) }}
{% endmacro %}
