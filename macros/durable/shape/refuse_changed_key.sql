{#- Before anything is written: an upsert by a key that the table does not have would fail in words of the server. -#}
{% macro refuse_changed_key(relation, spec) %}
    {%- set name = spec.name ~ '_pkey' -%}
    {%- set applied = applied_definitions(relation, 'constraint').get(name) -%}
    {%- if applied and applied != spec.constraints[name] -%}
        {{ exceptions.raise_compiler_error(
            "The primary key of " ~ relation.identifier ~ " is (" ~ applied ~ ") in the database but (" ~ spec.constraints[name]
            ~ ") in the model's yml, and the key of a table that holds data is never changed by a build: put the yml back,"
            ~ " or drop the constraint " ~ name ~ " by hand and build again.") }}
    {%- endif -%}
{% endmacro %}
