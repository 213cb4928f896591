{#- The region of each ticker that a parent names; null if it names none, so that its children hear of that too. min(): a
    ticker is the source's key, but two of them may differ in blanks alone. -#}
{% macro parent_regions(parent, prefix='parent') %}
    (
        select
            ticker as {{ prefix }}_ticker,
            min(region) as {{ prefix }}_region,
            max(greatest(_load_id, _parent_load_id)) as {{ prefix }}_load_id
        from {{ ref(parent) }}
        group by ticker
    )
{% endmacro %}
