{#- A changed layout applies to chunks that are compressed after it; this brings it to the others, one at a time. -#}
{% macro recompress_chunks(table) %}
    {%- set chunks = chunk_list(table, true) -%}
    {%- do set_compression_settings() -%}
    {%- for chunk in chunks -%}
        {%- do run_outside_transaction(decompress_chunk_sql(chunk)) -%}
        {%- do run_outside_transaction(compress_chunk_sql(chunk)) -%}
    {%- endfor -%}
    {%- do log('Compressed ' ~ counted(chunks | length, 'chunk') ~ ' of ' ~ table ~ ' anew.', info=True) -%}
{% endmacro %}
