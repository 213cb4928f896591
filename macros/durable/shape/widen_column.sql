{#- Alters a column of a table that holds data. The aggregates on it go, and are made again by this build. Compression is switched
    off, which some versions ask for, and set up again by this model; what is unpacked is packed again at the build's end. -#}
{% macro widen_column(relation, name, type) %}
    {%- if config.get('hypertable') -%}
        {%- set aggregates -%}
            select
                a.user_view_schema,
                a.user_view_name
            from _timescaledb_catalog.continuous_agg as a
            inner join _timescaledb_catalog.hypertable as h on a.raw_hypertable_id = h.id
            where h.schema_name = '{{ relation.schema }}' and h.table_name = '{{ relation.identifier }}'
        {%- endset -%}
        {%- for row in run_query(aggregates).rows -%}
            {%- do drop_aggregate(api.Relation.create(schema=row[0], identifier=row[1])) -%}
        {%- endfor -%}
        {%- for chunk in chunk_list(relation.identifier, true) -%}
            {%- do statement_rows(decompress_chunk_sql(chunk)) -%}
        {%- endfor -%}
        {%- if compression_is_set_up(relation) -%}
            {%- set setting = 'timescaledb.enable_columnstore' if timescale_version() >= 218 else 'timescaledb.compress' -%}
            {%- do statement_rows('alter table ' ~ relation ~ ' set (' ~ setting ~ ' = false)') -%}
        {%- endif -%}
    {%- endif -%}
    {%- do log(relation.identifier ~ '.' ~ name ~ ' becomes ' ~ type ~ ': the source has fractions in it.', info=True) -%}
    {%- do statement_rows('alter table ' ~ relation ~ ' alter column ' ~ adapter.quote(name) ~ ' type ' ~ type) -%}
{% endmacro %}
