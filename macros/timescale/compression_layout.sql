{#- Before 2.16 a compressed hypertable's foreign keys have to be columns that it is segmented by: there they move from the
    order to the segments, which saves less, but holds the keys. -#}
{% macro compression_layout(compression, foreign_keys) %}
    {%- set segments = [] -%}
    {%- if timescale_version() < 216 -%}
        {%- for key in foreign_keys -%}
            {%- do segments.extend(key.columns) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- do segments.extend(compression.segment_by.split(', ') | reject('in', segments) | list) -%}
    {%- set order = [] -%}
    {%- for column in compression.order_by.split(', ') if column.split(' ')[0] not in segments -%}
        {%- do order.append(column) -%}
    {%- endfor -%}
    {{ return({'segment_by': segments | join(', '), 'order_by': order | join(', '), 'after': compression.after}) }}
{% endmacro %}
