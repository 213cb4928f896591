{#- The region of each ticker that a parent names. min(): a ticker is the source's key, but two of them may differ in
    blanks alone. -#}
{% macro parent_regions(parent, prefix='parent') %}
    (
        select
            ticker as {{ prefix }}_ticker,
            min(region) as {{ prefix }}_region,
            max(greatest(_load_id, _parent_load_id)) as {{ prefix }}_load_id
        from {{ ref(parent) }}
        where region is not null
        group by ticker
    )
{% endmacro %}
