{#- Rows of raw that retention has taken from a hypertable: older than the chunks that are left, and not in quarantine.
    Nothing is read where nothing was dropped. -#}
{% macro retained_rows(placed, staged, time_column) -%}
    {%- set retained_from -%}
        (select r.retained_from from audit.retention as r where r.hypertable = 'public.{{ placed.identifier }}')
    {%- endset -%}
    (
        select staged._rowid
        from {{ staged }} as staged
        where
            {{ retained_from }} is not null
            and staged.{{ time_column }} < {{ retained_from }}
            and staged._reason is null
            and not exists (select from {{ placed }} as placed where placed.source_rowid = staged._rowid)
            and not exists (select from audit.quarantine as q where q.table_name = '{{ placed.identifier }}' and q.rowid = staged._rowid)
    )
{%- endmacro %}
