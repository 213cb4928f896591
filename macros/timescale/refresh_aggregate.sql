{#- By the procedure that the policy runs, so that builds, operations and policies do the same. -#}
{% macro refresh_aggregate(relation, everything=false) %}
    {%- set config = {'aggregates': [relation | string | replace('"', '')], 'end_offset': var('aggregate_refresh_lag')} -%}
    {%- do config.update({'everything': true} if everything else {}) -%}
    {%- do run_query("set work_mem = '" ~ var('build_work_mem') ~ "'") -%}
    {%- do run_alone("call audit.policy_refresh_continuous_aggregate(0, '" ~ tojson(config) ~ "')") -%}
    {%- do run_query("reset work_mem") -%}
{% endmacro %}
