{% macro refresh_aggregates() %}
    {%- for row in run_query(
        "select format('%I.%I', view_schema, view_name) from timescaledb_information.continuous_aggregates order by 1"
    ).rows -%}
        {%- do refresh_aggregate(row[0], force=true) -%}
        {%- do log('Refreshed ' ~ row[0] ~ '.', info=True) -%}
    {%- endfor -%}
{% endmacro %}
