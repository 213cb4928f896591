{#- One job for all aggregates, since those that are made from others come after them; TimescaleDB's own policies, which an
    earlier build or somebody else has set up on one, are removed. It first runs the next night. -#}
{% macro reconcile_refresh_job(relation) %}
    {%- do create_refresh_procedure() -%}
    {%- set names = [] -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.config.materialized == 'continuous_aggregate' -%}
        {%- do names.append(node.schema ~ '.' ~ node.alias) -%}
    {%- endfor -%}
    {%- set first_of_them %}
        select min(mat_hypertable_id)
        from _timescaledb_catalog.continuous_agg
        where format('%I.%I', user_view_schema, user_view_name) in ('{{ names | join("', '") }}')
    {%- endset -%}
    {#- alter_job takes the name for that of TimescaleDB's own policy, and refuses a job that names no aggregate as that does. -#}
    {%- set config = tojson({
        'aggregates': names | sort, 'end_offset': var('aggregate_refresh_lag'),
        'mat_hypertable_id': run_query(first_of_them).rows[0][0] | int
    }) -%}
    {%- set schedule = "interval '" ~ var('aggregate_refresh_every') ~ "'" -%}
    {%- set jobs %}
        select
            j.job_id,
            j.proc_schema = 'audit' as is_ours,
            j.scheduled and j.schedule_interval = {{ schedule }} and j.config = '{{ config }}' as is_as_declared
        from timescaledb_information.jobs as j
        left join _timescaledb_catalog.continuous_agg as a on (j.config ->> 'mat_hypertable_id')::int = a.mat_hypertable_id
        where
            j.proc_name = 'policy_refresh_continuous_aggregate'
            and (j.proc_schema = 'audit' or format('%I.%I', a.user_view_schema, a.user_view_name)::regclass = '{{ relation }}'::regclass)
    {%- endset -%}
    {%- set found = {'ours': false} -%}
    {%- for job in run_query(jobs).rows -%}
        {%- if not job[1] -%}
            {%- do run_query('select ' ~ timescaledb() ~ '.delete_job(' ~ job[0] ~ ')') -%}
            {%- do log('Removed a refresh policy of ' ~ relation.identifier ~ ' that is not the declared one.', info=True) -%}
        {%- elif not job[2] -%}
            {#- What an earlier build made may name none. -#}
            {%- do run_query('select ' ~ timescaledb() ~ '.delete_job(' ~ job[0] ~ ')') -%}
        {%- endif -%}
        {%- do found.update({'ours': found.ours or (job[1] and job[2])}) -%}
    {%- endfor -%}
    {%- if not found.ours -%}
        {%- set add %}
            select {{ timescaledb() }}.add_job(
                'audit.policy_refresh_continuous_aggregate', {{ schedule }}, config => '{{ config }}',
                initial_start => date_trunc('day', now()) + interval '1 day'
            )
        {%- endset -%}
        {%- do run_query(add) -%}
    {%- endif -%}
{% endmacro %}
