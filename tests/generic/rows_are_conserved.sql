{#- Each raw row is in the table or in the quarantine, once, and never in both. By rowid, so that two faults cannot cancel
    out as they do in counts: sums over a hash of the rowids tell that all is well, and only if they do not agree are
    the rows themselves compared (rows that the source has deleted are kept, for instance, and retention has taken some). -#}
{% test rows_are_conserved(model) %}
    {%- set name = model_node(model.identifier).name if execute else '' -%}
    {%- if not execute or not raw_columns(name) -%}
        select 1 as fault where false
    {%- else -%}
        {%- set hypertable = model_node(model.identifier).config.get('hypertable') -%}
        {%- set sql -%}
        with

        placed as not materialized (
            select source_rowid as rowid from {{ model }} where source_rowid is not null
            union all
            select rowid from audit.quarantine where table_name = '{{ name }}'
        ),

        sums as (
            select
                (select row(count(*), sum(hashint8extended(rowid, 0))) from placed)
                = (select row(count(*), sum(hashint8extended(_rowid, 0))) from {{ source('raw', name) }}) as agree
        )

        select
            raw_rows._rowid,
            counted.places
        from {{ source('raw', name) }} as raw_rows
        left join (select rowid, count(*) as places from placed group by rowid) as counted on raw_rows._rowid = counted.rowid
        where
            not (select agree from sums)
            and counted.places is distinct from 1
        {%- if hypertable %}
        except
        select
            _rowid,
            null as places
        from {{ retained_rows(model, 'staging.stg_' ~ name, hypertable.time_column) }} as retained
        {%- endif %}
        {%- endset -%}
        {%- set read = [model, source('raw', name), 'staging.stg_' ~ name, 'audit.quarantine', 'audit.retention'] -%}
        {{ unless_passed('rows_are_conserved ' ~ name, read, sql) }}
    {%- endif -%}
{% endtest %}
