{#- The reasons that one row alone cannot tell: a parent that is missing, a key that another row has. -#}
{% macro judge_due(relation, spec, due, is_new) %}
    {%- for key in spec.foreign_keys -%}
        {%- do statement_rows(
            "update " ~ due ~ " as d set _reason = 'no row in " ~ key.to | replace('"', '') ~ " for ' || concat_ws(', ', "
            ~ quoted_list(key.columns, 'd') ~ ") where d._reason is null and num_nulls(" ~ quoted_list(key.columns, 'd')
            ~ ") = 0 and not exists (select from " ~ key.to ~ " as p where row(" ~ quoted_list(key.to_columns, 'p') ~ ") = row("
            ~ quoted_list(key.columns, 'd') ~ "))"
        ) -%}
    {%- endfor -%}
    {%- if not is_new -%}
        {%- do statement_rows(
            "update " ~ due ~ " as d set _reason = 'a row that an application wrote has this key' where d._reason is null"
            ~ " and d._rowid is not null and " ~ application_has(relation, spec, 'd', time_bounds(relation, due))
        ) -%}
    {%- endif -%}
    {%- set key = quoted_list(spec.key) -%}
    {%- do statement_rows(
        "update " ~ due ~ " as d set _reason = 'duplicate of rowid ' || ranked.winner from ("
        ~ " select _rowid, row_number() over same_key as place, first_value(_rowid) over same_key as winner from " ~ due
        ~ " where _reason is null and _rowid is not null and (" ~ key ~ ") in (select " ~ key ~ " from " ~ due
        ~ " where _reason is null and _rowid is not null group by " ~ key ~ " having count(*) > 1)"
        ~ " window same_key as (partition by " ~ key ~ " order by _rank, _rowid)"
        ~ ") as ranked where ranked.place > 1 and d._rowid = ranked._rowid"
    ) -%}
{% endmacro %}
