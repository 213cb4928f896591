{#- Whether a bar is of less than a day, for which the target's `date` has no room. The timeframe tells it; where it is none
    that is known, 1m among them, which is the target's word for a month and others' for a minute, a time after the date does. -#}
{% macro less_than_a_day(timeframe, moment) -%}
    {{ timeframe }} not in ('D', 'W', 'M', '1d', '1w') and (
        lower(btrim({{ timeframe }}))
        ~ '^[0-9]*(h|hrs?|hours?|hourly|min|mins|minutes?|t|s|secs?|seconds?|ms|us|ns|ticks?|intraday)$'
        or btrim({{ timeframe }}) ~ '^([0-9]*m|[Hh][0-9]+)$' and btrim({{ timeframe }}) <> '1m'
        or {{ moment }} ~ '[T ][0-9][0-9]'
        and lower(btrim({{ timeframe }}))
        !~ '^[0-9]*(d|days?|daily|w|wk|weeks?|weekly|mo|months?|monthly|q|quarters?|quarterly|y|yr|years?|yearly|annual)$'
        and btrim({{ timeframe }}) !~ '^([0-9]*M|MN1?|[DW][0-9]+)$'
    )
{%- endmacro %}
