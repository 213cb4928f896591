{% macro compress_chunk_sql(chunk) -%}
    {%- if timescale_version() >= 218 -%}
        call convert_to_columnstore('{{ chunk }}', if_not_columnstore => true)
    {%- else -%}
        select compress_chunk('{{ chunk }}', if_not_compressed => true)
    {%- endif -%}
{%- endmacro %}
