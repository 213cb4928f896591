{#- The clause of `alter table` that takes a rule away. -#}
{% macro unset_rule(kind, columns, constraint) %}
    {%- if constraint -%}
        {{ return('drop constraint if exists ' ~ constraint) }}
    {%- endif -%}
    {{ return('alter column ' ~ adapter.quote(columns[0]) ~ ' drop ' ~ kind | replace('_', ' ')) }}
{% endmacro %}
