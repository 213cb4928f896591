{% macro decompress_chunk_sql(chunk) -%}
    {%- if timescale_version() >= 218 -%}
        call {{ timescaledb() }}.convert_to_rowstore('{{ chunk }}', if_columnstore => true)
    {%- else -%}
        select {{ timescaledb() }}.decompress_chunk('{{ chunk }}', if_compressed => true)
    {%- endif -%}
{%- endmacro %}
