{% macro decompress_chunks(table) %}
    {%- set chunks = chunk_list(table, true) -%}
    {%- for chunk in chunks -%}
        {%- do run_outside_transaction(decompress_chunk_sql(chunk)) -%}
    {%- endfor -%}
    {%- do log('Decompressed ' ~ counted(chunks | length, 'chunk') ~ ' of ' ~ table ~ '.', info=True) -%}
{% endmacro %}
