{#- Room for sorts and hashes, until the transaction ends. JIT compiles for half a second what then runs as fast without it. -#}
{% macro set_build_memory() %}
    {%- do statement_rows("set local jit = off") -%}
    {%- do run_query("set local work_mem = '" ~ var('build_work_mem') ~ "'") -%}
    {%- do run_query("set local maintenance_work_mem = '" ~ var('build_work_mem') ~ "'") -%}
{% endmacro %}
