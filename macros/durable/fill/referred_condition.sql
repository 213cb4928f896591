{#- Asks the catalog, not the models: applications may have tables of their own that refer to ours. -#}
{% macro referred_condition(relation, alias) %}
    {%- set found = run_query(
        "select c.conrelid::regclass::text, string_agg(format('c.%I = " ~ alias ~ ".%I', child.attname, parent.attname), ' and ')"
        ~ " from pg_constraint as c cross join lateral unnest(c.conkey, c.confkey) as k (child, parent)"
        ~ " inner join pg_attribute as child on c.conrelid = child.attrelid and k.child = child.attnum"
        ~ " inner join pg_attribute as parent on c.confrelid = parent.attrelid and k.parent = parent.attnum"
        ~ " inner join pg_class as t on c.conrelid = t.oid inner join pg_namespace as n on t.relnamespace = n.oid"
        ~ " where c.contype = 'f' and c.confrelid = '" ~ relation ~ "'::regclass and n.nspname !~ '^_timescaledb'"
        ~ " group by c.oid, c.conrelid"
    ) -%}
    {%- set conditions = ['false'] -%}
    {%- for row in found.rows -%}
        {%- do conditions.append('exists (select from ' ~ row[0] ~ ' as c where ' ~ row[1] ~ ')') -%}
    {%- endfor -%}
    {{ return(conditions | join(' or ')) }}
{% endmacro %}
