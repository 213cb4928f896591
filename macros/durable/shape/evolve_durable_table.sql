{#- Only what cannot lose data happens by itself: a column more. Everything else is for a person to decide. -#}
{% macro evolve_durable_table(relation, spec, existing) %}
    {%- do refuse_changed_key(relation, spec) -%}
    {%- do drop_altered_constraints(relation) -%}
    {%- for name, column in spec.columns.items() -%}
        {%- if name not in existing -%}
            {%- do statement_rows('alter table ' ~ relation ~ ' add column ' ~ adapter.quote(name) ~ ' ' ~ column.type
                ~ (' ' ~ column.extra if column.extra else '')) -%}
        {%- elif column.widened and existing[name] != column.type -%}
            {%- do widen_column(relation, name, column.type) -%}
        {%- elif canonical_type(column.type) != existing[name] -%}
            {{ exceptions.raise_compiler_error(
                "The column " ~ relation.identifier ~ "." ~ name ~ " is " ~ existing[name] ~ " in the database but "
                ~ column.type ~ " in the model's yml, and a table that holds data is never rebuilt: alter it by hand"
                ~ " (alter table " ~ relation.identifier ~ " alter column " ~ name ~ " type " ~ column.type
                ~ ") or put the yml back.") }}
        {%- endif -%}
    {%- endfor -%}
{% endmacro %}
