{#- What a row alone cannot tell: a parent that is missing, a key that another row has, an old key that it leaves. -#}
{% macro check_references_and_duplicates(relation, spec, candidates, is_new) %}
    {%- for key in spec.foreign_keys -%}
        {%- set sql -%}
            update {{ candidates }} as c
            set _reason = 'no row in {{ key.to | replace('"', '') }} for ' || concat_ws(', ', {{ quoted_list(key.columns, 'c') }})
            where
                c._reason is null
                and num_nulls({{ quoted_list(key.columns, 'c') }}) = 0
                and not exists (
                    select from {{ key.to }} as p
                    where row({{ quoted_list(key.to_columns, 'p') }}) = row({{ quoted_list(key.columns, 'c') }})
                )
        {%- endset -%}
        {%- do execute_and_count(sql) -%}
    {%- endfor -%}
    {%- if not is_new -%}
        {%- set sql -%}
            update {{ candidates }} as c
            set _reason = 'a row that an application wrote has this key'
            where
                c._reason is null
                and c._rowid is not null
                and {{ application_has(relation, spec, 'c', time_bounds(relation, candidates)) }}
        {%- endset -%}
        {%- do execute_and_count(sql) -%}
    {%- endif -%}
    {%- set key = quoted_list(spec.key) -%}
    {%- set sql -%}
        update {{ candidates }} as c
        set _reason = 'duplicate of rowid ' || ranked.winner
        from (
            select
                _rowid,
                row_number() over same_key as place,
                first_value(_rowid) over same_key as winner
            from {{ candidates }}
            where
                _reason is null
                and _rowid is not null
                and ({{ key }}) in (
                    select {{ key }} from {{ candidates }}
                    where _reason is null and _rowid is not null
                    group by {{ key }}
                    having count(*) > 1
                )
            window same_key as (partition by {{ key }} order by _rank, _rowid)
        ) as ranked
        where ranked.place > 1 and c._rowid = ranked._rowid
    {%- endset -%}
    {%- do execute_and_count(sql) -%}
{% endmacro %}

{#- A row of an application is never overwritten; a stub, which has no rowid either, is. -#}
{% macro application_has(relation, spec, alias, bounds='') -%}
    exists (
        select from {{ relation }} as t
        where
            {{ same_key(spec, 't', alias) }}{{ bounds }}
            and t.source_rowid is null
            and not coalesce({{ config.get('stub_where', 'false') }}, false)
    )
{%- endmacro %}

{#- A source row whose key in public has changed leaves its old one, and so does a row that the source deleted if the project
    says so. A row that others refer to cannot go: it stays as a stub.

    SQLite gives the rowid of a deleted row to the next one, and VACUUM numbers all rows anew, unless the rowid is the primary
    key. So a row whose rowid another one has now is a deleted one and is kept, without a rowid that is another's. -#}
{% macro vacate_old_keys(relation, spec, candidates, current_keys, source_key) %}
    {%- set vacated = 'vacated_keys_' ~ spec.name -%}
    {%- set remove_deleted = var('remove_deleted') -%}
    {#- `offset 0`: of both conditions together the planner expects one row, and reads all candidates again for each that comes. -#}
    {%- set sql -%}
        create temporary table {{ vacated }} on commit drop as
        select
            asked.*,
            true as leaves
        from (
            select
                {{ quoted_list((spec.key + (source_key or [])) | unique, 't') }},
                t.source_rowid
            from {{ current_keys }} as t
            where
                t.source_rowid in (
                    select _rowid from {{ candidates }} where _rowid is not null
                    {% if remove_deleted or source_key %}union all select rowid from deleted_in_source_{{ spec.name }}{% endif %}
                )
            offset 0
        ) as asked
        where
            not exists (
                select from {{ candidates }} as c
                where c._reason is null and c._rowid is not null and {{ same_key(spec, 'c', 'asked') }}
            )
    {%- endset -%}
    {%- if execute_and_count(sql) == 0 -%}
        {{ return('') }}
    {%- endif -%}
    {%- if not remove_deleted -%}
        {%- do run_query('analyze ' ~ vacated) -%}
        {%- do execute_and_count('update ' ~ vacated ~ ' as t set leaves = ' ~ is_same_row(relation, spec, candidates, source_key)) -%}
    {%- endif -%}
    {%- set referred = referred_condition(relation, 't') -%}
    {%- set is_vacated -%}
        exists (select from {{ vacated }} as v where v.leaves and {{ same_key(spec, 'v', 't') }})
    {%- endset -%}
    {%- set sql -%}
        update {{ relation }} as t
        set source_rowid = null{{ config.get('stub_set', '') }}
        where {{ is_vacated }} and ({{ referred }})
    {%- endset -%}
    {%- do execute_and_count(sql) -%}
    {%- set sql -%}
        delete from {{ relation }} as t
        where {{ is_vacated }} and not ({{ referred }})
    {%- endset -%}
    {%- do execute_and_count(sql) -%}
    {%- set sql -%}
        update {{ relation }} as t
        set source_rowid = {{ no_rowid() }}
        where exists (
            select from {{ vacated }} as v
            where not v.leaves and v.source_rowid in (select _rowid from {{ candidates }}) and {{ same_key(spec, 'v', 't') }}
        )
    {%- endset -%}
    {%- do execute_and_count(sql) -%}
{% endmacro %}

{#- Whether the source still has the row `t` of public, now under another key of public. By the source's own key; a region that
    the row itself does not name is none of it. Without one by the rowid, unless the row that has it now was here under another:
    then the table was numbered anew. -#}
{% macro is_same_row(relation, spec, candidates, source_key) -%}
    {%- if source_key is none -%}
        true
    {%- elif source_key == [] -%}
        t.source_rowid not in (
            select c._rowid from {{ candidates }} as c
            inner join {{ relation }} as o on {{ same_key(spec, 'o', 'c') }}
            where o.source_rowid <> c._rowid
        )
    {%- else -%}
        {%- set rest = source_key | reject('equalto', 'region') | list -%}
        exists (
            select from {{ candidates }} as c
            where row({{ quoted_list(source_key, 'c') }}) = row({{ quoted_list(source_key, 't') }})
        )
        {%- if rest and rest != source_key %}
        or exists (
            select from {{ candidates }} as c
            where c._rank > 0 and row(c._rowid, {{ quoted_list(rest, 'c') }}) = row(t.source_rowid, {{ quoted_list(rest, 't') }})
        )
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{#- The rowid of a kept row whose own one is another row's now: the least that SQLite knows, which it gives to no row by itself. -#}
{% macro no_rowid() -%}
    '-9223372036854775808'::bigint
{%- endmacro %}

{#- Asks the catalog, not the models: applications may have tables of their own that refer to ours. -#}
{% macro referred_condition(relation, alias) %}
    {%- set sql -%}
        select
            c.conrelid::regclass::text,
            string_agg(format('c.%I = {{ alias }}.%I', child.attname, parent.attname), ' and ')
        from pg_constraint as c
        cross join lateral unnest(c.conkey, c.confkey) as k (child, parent)
        inner join pg_attribute as child on c.conrelid = child.attrelid and k.child = child.attnum
        inner join pg_attribute as parent on c.confrelid = parent.attrelid and k.parent = parent.attnum
        inner join pg_class as t on c.conrelid = t.oid
        inner join pg_namespace as n on t.relnamespace = n.oid
        where c.contype = 'f' and c.confrelid = '{{ relation }}'::regclass and n.nspname !~ '^_timescaledb'
        group by c.oid, c.conrelid
    {%- endset -%}
    {%- set conditions = ['false'] -%}
    {%- for row in run_query(sql).rows -%}
        {%- do conditions.append('exists (select from ' ~ row[0] ~ ' as c where ' ~ row[1] ~ ')') -%}
    {%- endfor -%}
    {{ return(conditions | join(' or ')) }}
{% endmacro %}
