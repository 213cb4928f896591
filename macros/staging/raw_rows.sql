{#- SQLite lets a column hold anything, so the type that raw has need not be the declared one, and a column or the whole
    table may be absent. Here each declared column comes out with its declared type; a value that does not fit it
    becomes null and is named in _reason, which sends its row to the quarantine. -#}
{% macro raw_rows(table) %}
    {%- set relation = source('raw', table) -%}
    {%- set present = raw_columns(table) -%}
    {%- set declared = declared_columns(table) -%}
    {%- set misfits = [] -%}
    (
        select
            {% if present %}_rowid, _load_id{% else %}null::bigint as _rowid, null::bigint as _load_id{% endif %},
        {%- for name, type in declared.items() %}
            {%- set column = adapter.quote(name) %}
            {%- if name not in present %}
            null::{{ type }} as {{ column }},
            {%- elif present[name] == type %}
            {{ column }},
            {%- else %}
                {%- set cast = cast_losslessly(column, present[name], type) %}
                {%- do misfits.append("case when " ~ column ~ " is not null and (" ~ cast ~ ") is null then '"
                    ~ name ~ " does not hold a " ~ type ~ "' end") %}
            {{ cast }} as {{ column }},
            {%- endif %}
        {%- endfor %}
        {%- for name in present if name not in declared %}
            {{ adapter.quote(name) }},
        {%- endfor %}
            {% if misfits %}nullif(concat_ws('; ', {{ misfits | join(', ') }}), ''){% else %}null::text{% endif %} as _reason
        {%- if present %}
        from {{ relation }}
        {%- else %}
        where false
        {%- endif %}
    )
{% endmacro %}
