{#- The old function fails on a chunk that a policy's worker has compressed while this waited for it. -#}
{% macro compress_chunk_sql(chunk) -%}
    {%- if timescale_version() >= 218 -%}
        call {{ timescaledb() }}.convert_to_columnstore('{{ chunk }}', if_not_columnstore => true)
    {%- else -%}
        do $$ begin
            perform {{ timescaledb() }}.compress_chunk('{{ chunk }}', if_not_compressed => true);
        exception when duplicate_object then null;
        end $$
    {%- endif -%}
{%- endmacro %}
