{#- In one pass where this version would not by itself: each of its batches of ten buckets reads all chunks after its own.
    Newer versions lose the last bucket of a span of changes that ends on the bucket's first day (their issue 10296), as spans
    of months do in every quarter's first: from the first change on, all is computed anew. -#}
{% macro refresh_aggregate(relation, force=false) %}
    {%- set new = timescale_version() >= 221 -%}
    {%- set options = ", options => '{\"buckets_per_batch\": 0}'" if new else "" -%}
    {%- set spans = [[none]] if force and new else first_change(relation) if new else [] -%}
    {%- do run_query("set work_mem = '" ~ var('build_work_mem') ~ "'") -%}
    {%- for span in spans -%}
        {%- set start = "'" ~ span[0] ~ "'::date" if span[0] else 'null' -%}
        {%- do run_alone("call " ~ timescaledb() ~ ".refresh_continuous_aggregate('" ~ relation ~ "', " ~ start ~ ", null, force => true"
            ~ options ~ ")") -%}
    {%- endfor -%}
    {%- do run_alone("call " ~ timescaledb() ~ ".refresh_continuous_aggregate('" ~ relation ~ "', null, null" ~ options ~ ")") -%}
    {%- do run_query("reset work_mem") -%}
{% endmacro %}
