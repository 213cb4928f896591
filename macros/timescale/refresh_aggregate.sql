{#- In one pass where this version would not by itself: each of its batches of ten buckets reads all chunks after its own. -#}
{% macro refresh_aggregate(relation) %}
    {%- do run_query("set work_mem = '" ~ var('build_work_mem') ~ "'") -%}
    {%- do run_alone("call refresh_continuous_aggregate('" ~ relation ~ "', null, null"
        ~ (", options => '{\"buckets_per_batch\": 0}'" if timescale_version() >= 221 else "") ~ ")") -%}
    {%- do run_query("reset work_mem") -%}
{% endmacro %}
