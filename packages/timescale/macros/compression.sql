{#- Before 2.16 a compressed hypertable's foreign keys have to be columns that it is segmented by: there they move from the
    order to the segments, which saves less, but holds the keys. -#}
{% macro compression_layout(compression, foreign_keys) %}
    {%- set segments = [] -%}
    {%- if timescale.timescale_version() < 216 -%}
        {%- for key in foreign_keys -%}
            {%- do segments.extend(key.columns) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- do segments.extend(compression.segment_by.split(', ') | reject('in', segments) | list) -%}
    {%- set order = [] -%}
    {%- for column in compression.order_by.split(', ') if column.split(' ')[0] not in segments -%}
        {%- do order.append(column) -%}
    {%- endfor -%}
    {{ return({'segment_by': segments | join(', '), 'order_by': order | join(', '), 'after': compression.after}) }}
{% endmacro %}

{#- Segment and order are compared with what was declared before; the policy with what the catalog has. -#}
{% macro reconcile_compression(relation, compression) %}
    {%- set wanted = 'segment by ' ~ compression.segment_by ~ ' order by ' ~ compression.order_by -%}
    {%- if timescale.saved_definition(relation, 'compression') != wanted or not timescale.compression_is_set_up(relation) -%}
        {%- do timescale.refuse_frozen_layout(relation) -%}
        {%- do timescale.set_compression(relation, compression.segment_by, compression.order_by) -%}
        {%- do timescale.save_definition(relation, 'compression', wanted) -%}
    {%- endif -%}
    {%- do timescale.reconcile_compression_policy(relation, compression.after) -%}
{% endmacro %}

{% macro compression_is_set_up(relation) %}
    {%- set sql -%}
        select hypertable_name
        from timescaledb_information.hypertables
        where
            hypertable_schema = '{{ relation.schema }}'
            and hypertable_name = '{{ relation.identifier }}'
            and compression_enabled
    {%- endset -%}
    {{ return(run_query(sql).rows | length > 0) }}
{% endmacro %}

{#- Before 2.14 a hypertable has one layout for all its chunks. -#}
{% macro refuse_frozen_layout(relation) %}
    {%- if timescale.timescale_version() < 214 and timescale.chunk_list(relation.identifier, true, relation.schema) -%}
        {{ exceptions.raise_compiler_error(
            "The compression of " ~ relation.identifier ~ " is declared anew, which TimescaleDB before 2.14 takes only while no"
            ~ " chunk is compressed: run `dbt run-operation decompress_chunks --args '{table: " ~ relation.identifier
            ~ "}'`, then build again.") }}
    {%- endif -%}
{% endmacro %}

{#- TimescaleDB 2.18 gave the settings new names; the old ones may go some day. -#}
{% macro set_compression(relation, segment_by, order_by) %}
    {%- set enabled, segments, order = ('timescaledb.enable_columnstore', 'timescaledb.segmentby', 'timescaledb.orderby')
        if timescale.timescale_version() >= 218
        else ('timescaledb.compress', 'timescaledb.compress_segmentby', 'timescaledb.compress_orderby') -%}
    {%- set sql -%}
        alter table {{ relation }} set ({{ enabled }}, {{ segments }} = '{{ segment_by }}', {{ order }} = '{{ order_by }}')
    {%- endset -%}
    {%- do run_query(sql) -%}
{% endmacro %}

{#- It first runs the next night: the build compresses by itself, and a worker amid it would wait for it or deadlock. -#}
{% macro reconcile_compression_policy(relation, after) %}
    {%- set old = timescale.timescale_version() < 218 -%}
    {%- set sql -%}
        select coalesce((config ->> 'compress_after')::interval = interval '{{ after }}', false)
        from timescaledb_information.jobs
        where
            proc_name in ('policy_compression', 'policy_columnstore')
            and hypertable_schema = '{{ relation.schema }}'
            and hypertable_name = '{{ relation.identifier }}'
    {%- endset -%}
    {%- set found = run_query(sql).rows -%}
    {%- if found and not found[0][0] -%}
        {%- set remove = 'select ' ~ timescale.timescaledb() ~ '.remove_compression_policy' if old
            else 'call ' ~ timescale.timescaledb() ~ '.remove_columnstore_policy' -%}
        {%- do run_query(remove ~ "('" ~ relation ~ "')") -%}
    {%- endif -%}
    {%- if not found or not found[0][0] -%}
        {%- set add -%}
            {{ 'select' if old else 'call' }} {{ timescale.timescaledb() }}.{{ 'add_compression_policy' if old else 'add_columnstore_policy' }}(
                '{{ relation }}', {{ 'compress_after' if old else 'after' }} => interval '{{ after }}',
                initial_start => date_trunc('day', now()) + interval '25 hours'
            )
        {%- endset -%}
        {%- do run_query(add) -%}
    {%- endif -%}
{% endmacro %}

{#- TimescaleDB has these as settings and not with the table, so they go to the database: a policy's worker has no other session.
    The limit on what a statement may unpack counts whole batches, so it would refuse an ordinary correction. Bloom indexes take
    half a percent and save nothing where batches are ordered by what is searched for. A setting that a version has not,
    or not so far, is left alone. -#}
{% macro set_compression_settings() %}
    {%- set wanted = {
        'timescaledb.compression_batch_size_limit': timescale.setting('compression_batch_rows'),
        'timescaledb.enable_sparse_index_bloom': 'off',
        'timescaledb.max_tuples_decompressed_per_dml_transaction': 0
    } -%}
    {%- for setting, value in wanted.items() -%}
        {%- set database -%}
            select
                format('%I', d.datname),
                pg_has_role(d.datdba, 'usage'),
                pg_get_userbyid(d.datdba)
            from pg_settings as s
            cross join pg_database as d
            where
                s.name = '{{ setting }}'
                and s.setting <> '{{ value }}'
                {%- if value is number %}
                and s.max_val::int >= {{ value }}
                {%- endif %}
                and d.datname = current_database()
        {%- endset -%}
        {%- for found in run_query(database).rows -%}
            {%- set set_it = ' set ' ~ setting ~ ' = ' ~ value -%}
            {%- if found[1] -%}
                {%- do timescale.run_outside_transaction('alter database ' ~ found[0] ~ set_it ~ ';' ~ set_it) -%}
            {%- else -%}
                {%- do log('The database belongs to ' ~ found[2] ~ ', who alone can do this: alter database ' ~ found[0] ~ set_it ~ ';', info=True) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
{% endmacro %}
