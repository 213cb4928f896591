{#- An aggregate that was never refreshed answers quickly and with nothing. -#}
{% test is_filled(model, base) %}
    select 1 as empty
    where
        exists (select from {{ base }} where timeframe = '1d')
        and not exists (select from {{ model }})
{% endtest %}
