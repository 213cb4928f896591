{#- Before 2.14 a hypertable has one layout for all its chunks. -#}
{% macro refuse_frozen_layout(relation) %}
    {%- if timescale_version() < 214 and chunk_list(relation.identifier, true) -%}
        {{ exceptions.raise_compiler_error(
            "The compression of " ~ relation.identifier ~ " is declared anew, which TimescaleDB before 2.14 takes only while no"
            ~ " chunk is compressed: run `dbt run-operation decompress_chunks --args '{table: " ~ relation.identifier
            ~ "}'`, then build again.") }}
    {%- endif -%}
{% endmacro %}
