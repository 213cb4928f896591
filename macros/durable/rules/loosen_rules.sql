{#- Before rows are written: takes away the rules that the source has given up, or that its rows would break. To refuse such a
    row would lose it; what then cannot be set again is told. A key is also taken away while rows swap their values: PostgreSQL
    asks it after each row. -#}
{% macro loosen_rules(relation, spec, due, columns) %}
    {%- set rules = source_rules(relation, spec, config.get('source_table')) -%}
    {%- do mark_standing(relation, rules) -%}
    {%- set broken = [] -%}
    {%- set tests = [] -%}
    {%- for rule in rules if rule.stands and rule.breaks and not rule.columns | reject('in', columns) | list -%}
        {%- do tests.append(rule) -%}
    {%- endfor -%}
    {%- if tests -%}
        {%- set sql -%}
            select {% for rule in tests %}coalesce(bool_or({{ rule.breaks }}), false){{ ', ' if not loop.last }}{% endfor %}
            from {{ due }}
            where _reason is null
        {%- endset -%}
        {%- set found = run_query(sql).rows[0] -%}
        {%- for rule in tests -%}
            {%- if found[loop.index0] -%}
                {%- do broken.append(rule) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {%- for rule in rules if rule.stands and rule.kind == 'unique' and not rule.columns | reject('in', columns) | list -%}
        {%- set listed = quoted_list(rule.columns) -%}
        {%- set sql -%}
            select exists (
                select {{ listed }} from {{ due }}
                where _reason is null and num_nulls({{ listed }}) = 0
                group by {{ listed }}
                having count(*) > 1
            ) or exists (
                select from {{ due }} as d
                inner join {{ relation }} as t on {% for name in rule.columns %}{{ 'and ' if not loop.first }}d.{{ adapter.quote(name) }} = t.{{ adapter.quote(name) }} {% endfor %}
                where d._reason is null and not ({{ same_key(spec, 't', 'd') }})
            )
        {%- endset -%}
        {%- if run_query(sql).rows[0][0] -%}
            {%- do broken.append(rule) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set clauses = given_up(relation, spec, rules, noted_rules(relation)) -%}
    {%- for rule in broken -%}
        {%- do clauses.append(unset_rule(rule.kind, rule.columns, rule.constraint)) -%}
    {%- endfor -%}
    {%- if clauses -%}
        {%- do statement_rows('alter table ' ~ relation ~ ' ' ~ clauses | join(', ')) -%}
    {%- endif -%}
{% endmacro %}
