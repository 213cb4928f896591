{#- On every target, so that a build ends in the same state: the server's workers would compress the old chunks within
    hours, the embedded engine has none. -#}
{% macro run_due_policies() %}
    {%- if execute and flags.WHICH in ('run', 'build') -%}
        {%- do compress_old_chunks() -%}
    {%- endif -%}
{% endmacro %}
