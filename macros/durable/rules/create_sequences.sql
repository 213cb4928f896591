{#- The sequences that defaults of the table name, before it is made. -#}
{% macro create_sequences(spec) %}
    {%- for expression in spec.rules.defaults.values() if expression.startswith('nextval(') -%}
        {%- do run_query('create sequence if not exists ' ~ expression.split("'")[1]) -%}
    {%- endfor -%}
{% endmacro %}

{#- A sequence goes with its column; and that is how others find it. -#}
{% macro own_sequences(relation, spec) %}
    {%- for name, expression in spec.rules.defaults.items() if expression.startswith('nextval(') -%}
        {%- if not run_query("select pg_get_serial_sequence('" ~ relation ~ "', '" ~ name ~ "')").rows[0][0] -%}
            {%- do run_query('alter sequence ' ~ expression.split("'")[1] ~ ' owned by ' ~ relation ~ '.' ~ adapter.quote(name)) -%}
        {%- endif -%}
    {%- endfor -%}
{% endmacro %}
