{#- A row of an application is never overwritten; a stub, which has no rowid either, is. -#}
{% macro application_has(relation, spec, alias, bounds='') -%}
    exists (select from {{ relation }} as t where {{ same_key(spec, 't', alias) }}{{ bounds }} and t.source_rowid is null
        and not coalesce({{ config.get('stub_where', 'false') }}, false))
{%- endmacro %}
