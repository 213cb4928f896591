{#- A query of the names of the project's own factors and combinations. -#}
{% macro factor_names() -%}
    select factor_name from {{ ref('factors') }}
    union
    select combination from {{ ref('factor_weights') }}
{%- endmacro %}
