{#- Before 2.18 TimescaleDB adds no constraint to a hypertable once compression is set up, and says so without a name. -#}
{% macro refuse_frozen_constraint(relation, name) %}
    {%- if config.get('hypertable') and timescale_version() < 218 and compression_is_set_up(relation) -%}
        {{ exceptions.raise_compiler_error(
            "The constraint " ~ name ~ " of " ~ relation.identifier ~ " is new or other in the model's yml, and TimescaleDB"
            ~ " before 2.18 adds none to a compressed hypertable: update TimescaleDB, or put the yml back.") }}
    {%- endif -%}
{% endmacro %}
