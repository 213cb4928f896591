{#- SQLite lets a column hold anything, so the type that raw has need not be the declared one, and a column or the whole
    table may be absent. Here each declared column comes out with its declared type; a value that does not fit it
    becomes null and is named in _reason, which sends its row to the quarantine. -#}
{% macro raw_rows(table) %}
    {%- set relation = source('raw', table) -%}
    {%- set present = raw_columns(table) -%}
    {%- set names = source_names(table) -%}
    {%- set declared = declared_columns(table) -%}
    {%- do declared.update(widened_columns(table)) -%}
    {%- set misfits = [] -%}
    (
        select
            {% if present %}_rowid, _load_id{% else %}null::bigint as _rowid, null::bigint as _load_id{% endif %},
        {%- for name, type in declared.items() %}
            {%- set given = names.get(name) %}
            {%- set column = adapter.quote(given or name) %}
            {%- if not given %}
            null::{{ type }} as {{ column }},
            {%- elif present[given] == type %}
            {{ column }}{{ ' as ' ~ adapter.quote(name) if given != name }},
            {%- else %}
                {%- set cast = cast_losslessly(column, present[given], type) %}
                {%- do misfits.append("case when " ~ column ~ " is not null and (" ~ cast ~ ") is null then '"
                    ~ name ~ " does not hold a " ~ type ~ "' end") %}
            {{ cast }} as {{ adapter.quote(name) }},
            {%- endif %}
        {%- endfor %}
        {%- for name, given in names.items() if name not in declared %}
            {{ adapter.quote(given) }},
        {%- endfor %}
            {% if misfits %}nullif(concat_ws('; ', {{ misfits | join(', ') }}), ''){% else %}null::text{% endif %} as _reason
        {%- if present %}
        from {{ relation }}
        {%- else %}
        where false
        {%- endif %}
    )
{% endmacro %}
