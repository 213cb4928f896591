{#- TimescaleDB 2.18 gave the settings new names; the old ones may go some day. -#}
{% macro set_compression(relation, segment_by, order_by) %}
    {%- set names = ['timescaledb.enable_columnstore', 'timescaledb.segmentby', 'timescaledb.orderby'] if timescale_version() >= 218
        else ['timescaledb.compress', 'timescaledb.compress_segmentby', 'timescaledb.compress_orderby'] -%}
    {%- do run_query(
        "alter table " ~ relation ~ " set (" ~ names[0] ~ ", " ~ names[1] ~ " = '" ~ segment_by ~ "', "
        ~ names[2] ~ " = '" ~ order_by ~ "')"
    ) -%}
{% endmacro %}
