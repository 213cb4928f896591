{#- Says of each rule whether it stands. PostgreSQL deparses what it is given, so it is given the same to a table that is gone at
    once, and the two are compared. -#}
{% macro mark_standing(relation, rules) %}
    {%- set present = existing_columns(relation | string) -%}
    {%- set probe = [] -%}
    {%- for name, type in present.items() -%}
        {%- do probe.append(adapter.quote(name) ~ ' ' ~ type) -%}
    {%- endfor -%}
    {%- for rule in rules if rule.condition or rule.expression -%}
        {%- if rule.condition -%}
            {%- do probe.append('constraint ' ~ rule.constraint ~ ' check (' ~ rule.condition ~ ')') -%}
        {%- else -%}
            {%- set at = (present.keys() | list).index(rule.columns[0]) -%}
            {%- do probe.insert(at, probe.pop(at) ~ ' default ' ~ rule.expression) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- do run_query('create temporary table rules_probe (' ~ probe | join(', ') ~ ')') -%}
    {%- set sql -%}
        select
            'not_null',
            attname
        from pg_attribute
        where attrelid = '{{ relation }}'::regclass and attnum > 0 and attnotnull
        union all
        select
            'check',
            '"' || c.conname || '"'
        from pg_constraint as c
        inner join pg_constraint as p on c.conname = p.conname and pg_get_constraintdef(c.oid) = pg_get_constraintdef(p.oid)
        where c.conrelid = '{{ relation }}'::regclass and c.convalidated and p.conrelid = 'pg_temp.rules_probe'::regclass
        union all
        select
            'default',
            a.attname
        from pg_attribute as a
        inner join pg_attrdef as d on a.attrelid = d.adrelid and a.attnum = d.adnum
        inner join pg_attribute as pa on a.attname = pa.attname
        inner join pg_attrdef as pd on pa.attrelid = pd.adrelid and pa.attnum = pd.adnum
        where
            d.adrelid = '{{ relation }}'::regclass
            and pd.adrelid = 'pg_temp.rules_probe'::regclass
            and pg_get_expr(d.adbin, d.adrelid) = pg_get_expr(pd.adbin, pd.adrelid)
        union all
        select
            'unique',
            (
                select string_agg(a.attname, ', ' order by a.attname collate "C")
                from pg_attribute as a
                where a.attrelid = c.conrelid and a.attnum = any(c.conkey)
            )
        from pg_constraint as c
        where c.conrelid = '{{ relation }}'::regclass and c.contype in ('p', 'u') and not c.condeferrable
    {%- endset -%}
    {%- set standing = [] -%}
    {%- for row in run_query(sql).rows -%}
        {%- do standing.append((row[0], row[1])) -%}
    {%- endfor -%}
    {%- do run_query('drop table pg_temp.rules_probe') -%}
    {%- for rule in rules -%}
        {%- set what = ('check', rule.constraint) if rule.condition
            else (rule.kind, rule.columns | sort(case_sensitive=true) | join(', ')) -%}
        {%- do rule.update({'stands': what in standing}) -%}
    {%- endfor -%}
{% endmacro %}
