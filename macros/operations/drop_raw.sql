{#- The only thing here that drops data, so it has to be asked for in words. Loads are numbered from 1 again in a new raw:
    without the old watermarks the next build compares every row. -#}
{% macro drop_raw(confirm='') %}
    {%- if confirm != 'yes' -%}
        {{ exceptions.raise_compiler_error(
            "drop_raw removes the schemas raw and staging, after which nothing can be compared with the source any more:"
            ~ " run it again with --args '{confirm: \"yes\"}' once the cut-over is done.") }}
    {%- endif -%}
    {%- do run_query('drop schema if exists staging cascade') -%}
    {%- do run_query('drop schema if exists raw cascade') -%}
    {%- do run_query('delete from audit.build_state where load_id > 0') -%}
    {%- do run_query('commit') -%}
    {%- do log('Dropped raw and staging.', info=True) -%}
{% endmacro %}
