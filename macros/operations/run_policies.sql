{% macro run_policies() %}
    {%- set jobs -%}
        select
            job_id,
            coalesce(hypertable_name || ': ', '') || proc_name
        from timescaledb_information.jobs
        where proc_name like 'policy_%' and (hypertable_name is not null or proc_schema = 'audit')
        order by job_id
    {%- endset -%}
    {%- for row in run_query(jobs).rows -%}
        {%- do run_outside_transaction('call ' ~ timescaledb() ~ '.run_job(' ~ row[0] ~ ')') -%}
        {%- do log('Ran ' ~ row[1] ~ '.', info=True) -%}
    {%- endfor -%}
{% endmacro %}
