{#- Parents first, as they were made first; aggregates that are no model are left to whoever made them. -#}
{% macro refresh_aggregates() %}
    {%- set names -%}
        select format('%I.%I', a.user_view_schema, a.user_view_name)
        from _timescaledb_catalog.continuous_agg as a
        inner join audit.build_state as s on a.user_view_name = s.relation
        where a.user_view_schema = 'public'
        order by a.mat_hypertable_id
    {%- endset -%}
    {%- do create_refresh_procedure() -%}
    {%- for name in run_query(names).columns[0].values() -%}
        {%- do refresh_aggregate(name, everything=true) -%}
        {%- do log('Refreshed ' ~ name ~ '.', info=True) -%}
    {%- endfor -%}
{% endmacro %}
