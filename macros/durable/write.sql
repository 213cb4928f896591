{#- Rows that are already there bit for bit are left out before the upsert: on a compressed chunk even a conflict that
    changes nothing would decompress. record_image_eq compares bits, so that 0.0 does not pass for -0.0. A row that an
    application commits amid the build is left as it is: the test nothing_is_lost then names the one that it keeps out. -#}
{% macro upsert_candidates(relation, spec, candidates, columns, is_new) %}
    {%- set names = columns | list + ['source_rowid'] -%}
    {%- set values = quoted_list(columns, 'c') ~ ', c._rowid' -%}
    {%- set bounds = '' if is_new else time_bounds(relation, candidates) -%}
    {%- set retained_from = none if is_new else retained_from(relation) -%}
    {%- if retained_from -%}
        {%- do log_retained(spec, candidates, retained_from) -%}
    {%- endif -%}
    {%- set sql -%}
        insert into {{ relation }} as present ({{ quoted_list(names) }})
        select {{ values }}
        from {{ candidates }} as c
        where
            c._reason is null
        {%- if retained_from %}
            and c.{{ adapter.quote(config.get('hypertable').time_column) }} >= '{{ retained_from }}'
        {%- endif %}
        {%- if not is_new %}
            and not exists (
                select from {{ relation }} as t
                where
                    {{ same_key(spec, 't', 'c') }}{{ bounds }}
                    and record_image_eq(row({{ quoted_list(names, 't') }}), row({{ values }}))
            )
        on conflict ({{ quoted_list(spec.key) }}) do update set
            {%- for name in names if name not in spec.key %}
            {{ adapter.quote(name) }} = excluded.{{ adapter.quote(name) }}{{ ',' if not loop.last }}
            {%- endfor %}
        where
            present.source_rowid is not null
            {%- if config.get('stub_where') %}
            or exists (select from (select present.*) as stub where {{ config.get('stub_where') }})
            {%- endif %}
        {%- endif %}
    {%- endset -%}
    {{ return(execute_and_count(sql)) }}
{% endmacro %}

{#- The day before which retention has taken the rows of a hypertable, or none. -#}
{% macro retained_from(relation) %}
    {%- if not config.get('hypertable') -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set sql -%}
        select nullif(audit.retained_from('{{ relation | replace('"', '') }}'), 'infinity')::text
    {%- endset -%}
    {{ return(run_query(sql).rows[0][0]) }}
{% endmacro %}

{% macro log_retained(spec, candidates, retained_from) %}
    {%- set sql -%}
        select count(*) from {{ candidates }}
        where _reason is null and not {{ adapter.quote(config.get('hypertable').time_column) }} >= '{{ retained_from }}'
    {%- endset -%}
    {%- set taken = run_query(sql).rows[0][0] -%}
    {%- if taken -%}
        {%- do log(timescale.counted(taken, 'row') ~ ' of the source for ' ~ spec.name ~ ' are older than ' ~ retained_from
            ~ ', before which retention has taken all: left out, and counted as retained_rows in audit.conservation.', info=True) -%}
    {%- endif -%}
{% endmacro %}
