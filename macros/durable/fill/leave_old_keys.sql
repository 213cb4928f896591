{#- A source row whose key in public has changed leaves its old one, and so does a row that the source deleted if the project
    says so. A row that others refer to cannot go: it stays as a stub.

    SQLite gives the rowid of a deleted row to the next one, and VACUUM numbers all rows anew, unless the rowid is the primary
    key. So a row whose rowid another one has now is a deleted one and is kept, without a rowid that is another's. -#}
{% macro leave_old_keys(relation, spec, due, held, own_key) %}
    {%- set left = 'left_' ~ spec.name -%}
    {%- set remove_deleted = var('remove_deleted') -%}
    {%- set sql -%}
        create temporary table {{ left }} on commit drop as
        select
            {{ quoted_list(spec.key, 't') }},
            t.source_rowid,
            {{ 'true' if remove_deleted else is_same_row(relation, spec, due, own_key) }} as leaves
        from {{ held }} as t
        where
            t.source_rowid in (
                select _rowid from {{ due }} where _rowid is not null
                {% if remove_deleted or own_key %}union all select rowid from gone_{{ spec.name }}{% endif %}
            )
            and not exists (
                select from {{ due }} as d
                where d._reason is null and d._rowid is not null and {{ same_key(spec, 'd', 't') }}
            )
    {%- endset -%}
    {%- if statement_rows(sql) == 0 -%}
        {{ return('') }}
    {%- endif -%}
    {%- set referred = referred_condition(relation, 't') -%}
    {%- set is_left -%}
        exists (select from {{ left }} as l where l.leaves and {{ same_key(spec, 'l', 't') }})
    {%- endset -%}
    {%- set sql -%}
        update {{ relation }} as t set source_rowid = null{{ config.get('stub_set', '') }} where {{ is_left }} and ({{ referred }})
    {%- endset -%}
    {%- do statement_rows(sql) -%}
    {%- do statement_rows('delete from ' ~ relation ~ ' as t where ' ~ is_left ~ ' and not (' ~ referred ~ ')') -%}
    {%- set sql -%}
        update {{ relation }} as t set source_rowid = {{ no_rowid() }}
        where exists (
            select from {{ left }} as l
            where not l.leaves and l.source_rowid in (select _rowid from {{ due }}) and {{ same_key(spec, 'l', 't') }}
        )
    {%- endset -%}
    {%- do statement_rows(sql) -%}
{% endmacro %}


{#- Whether the source still has the row `t` of public, now under another key of public. By the source's own key; a region that
    the row itself does not name is none of it. Without one by the rowid, unless the row that has it now was here under another:
    then the table was numbered anew. -#}
{% macro is_same_row(relation, spec, due, own_key) -%}
    {%- if own_key is none -%}
        true
    {%- elif own_key == [] -%}
        t.source_rowid not in (
            select d._rowid from {{ due }} as d
            inner join {{ relation }} as o on {{ same_key(spec, 'o', 'd') }}
            where o.source_rowid <> d._rowid
        )
    {%- else -%}
        {%- set rest = own_key | reject('equalto', 'region') | list -%}
        exists (select from {{ due }} as d where row({{ quoted_list(own_key, 'd') }}) = row({{ quoted_list(own_key, 't') }}))
        {%- if rest and rest != own_key %}
        or exists (
            select from {{ due }} as d
            where d._rank > 0 and row(d._rowid, {{ quoted_list(rest, 'd') }}) = row(t.source_rowid, {{ quoted_list(rest, 't') }})
        )
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
