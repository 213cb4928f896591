{% macro reconcile_constraints(relation, spec) %}
    {%- set wanted = {} -%}
    {%- do wanted.update(spec.constraints) -%}
    {%- for name, expression in spec.checks.items() -%}
        {%- do wanted.update({name: 'check (' ~ expression ~ ')'}) -%}
    {%- endfor -%}
    {%- for key in spec.foreign_keys -%}
        {%- do wanted.update({key.name: key.sql}) -%}
    {%- endfor -%}
    {%- set applied = applied_definitions(relation, 'constraint') -%}
    {%- for name in applied if name not in wanted -%}
        {%- do statement_rows('alter table ' ~ relation ~ ' drop constraint ' ~ name) -%}
    {%- endfor -%}
    {%- for name, definition in wanted.items() -%}
        {%- if applied.get(name) != definition -%}
            {%- do refuse_frozen_constraint(relation, name) -%}
            {%- do statement_rows('alter table ' ~ relation ~ ' drop constraint if exists ' ~ name) -%}
            {%- do statement_rows('alter table ' ~ relation ~ ' add constraint ' ~ name ~ ' ' ~ definition) -%}
            {%- do remember_applied(relation, 'constraint', name, definition) -%}
        {%- endif -%}
    {%- endfor -%}
{% endmacro %}
