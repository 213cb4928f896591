{#- dbt commits when a hook fails; what this transaction has made until then must not stay. -#}
{% macro rollback_and_raise(sentence) %}
    {%- do run_query('rollback') -%}
    {{ exceptions.raise_compiler_error(sentence) }}
{% endmacro %}
