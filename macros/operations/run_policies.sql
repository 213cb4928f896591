{% macro run_policies() %}
    {%- for row in run_query(
        "select job_id, application_name from timescaledb_information.jobs where proc_name like 'policy_%' and hypertable_name is not null"
        ~ " order by job_id"
    ).rows -%}
        {%- do run_alone('call ' ~ timescaledb() ~ '.run_job(' ~ row[0] ~ ')') -%}
        {%- do log('Ran ' ~ row[1] ~ '.', info=True) -%}
    {%- endfor -%}
{% endmacro %}
