{#- Ids that came from the source do not move the sequence by themselves; the next new id has to follow the greatest. -#}
{% macro continue_identity(relation, spec) %}
    {%- for name, column in spec.columns.items() if 'as identity' in column.extra or 'nextval(' in column.extra -%}
        {%- do run_query(
            "select setval(s.name, g.greatest) from (select pg_get_serial_sequence('" ~ relation ~ "', '" ~ name
            ~ "')::regclass as name) as s cross join (select max(" ~ adapter.quote(name) ~ ") as greatest from " ~ relation
            ~ ") as g left join pg_sequences as q on q.schemaname || '.' || q.sequencename = '" ~ relation.schema
            ~ "." ~ relation.identifier ~ "_" ~ name ~ "_seq' where g.greatest > coalesce(q.last_value, 0)"
        ) -%}
    {%- endfor -%}
{% endmacro %}
