{#- Sets each rule of the source that no row breaks, takes away those that the source has given up, and tells which are weakened. -#}
{% macro reconcile_rules(relation, spec) %}
    {%- set rules = source_rules(relation, spec, config.get('source_table')) -%}
    {%- do mark_standing(relation, rules) -%}
    {%- do count_breaking(relation, rules) -%}
    {%- set noted = noted_rules(relation) -%}
    {%- set clauses = given_up(relation, spec, rules, noted) -%}
    {%- for rule in rules -%}
        {%- if not rule.stands and not rule.weakened -%}
            {%- if rule.constraint -%}
                {%- do clauses.append(unset_rule(rule.kind, rule.columns, rule.constraint)) -%}
            {%- endif -%}
            {%- do clauses.append(rule.set) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if clauses -%}
        {%- do statement_rows('alter table ' ~ relation ~ ' ' ~ clauses | join(', ')) -%}
    {%- endif -%}
    {%- do note_rules(relation, rules, noted) -%}
{% endmacro %}

{#- The clauses that take away what an earlier build has set and the source no longer asks for. -#}
{% macro given_up(relation, spec, rules, noted) %}
    {%- set present = existing_columns(relation | string) -%}
    {%- set kept = rule_keys(rules) -%}
    {%- set clauses = [] -%}
    {%- for what, note in noted.items() if note.weakened is none and what not in kept -%}
        {%- set columns = what[1].split(', ') -%}
        {%- set strict = what[0] == 'not_null' and not note.constraint and (spec.columns.get(columns[0]) or {}).not_null -%}
        {%- if not strict and not columns | reject('in', present) | list -%}
            {%- do clauses.append(unset_rule(what[0], columns, note.constraint)) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(clauses) }}
{% endmacro %}

{#- What tells a rule of a table from the others: its kind and its columns. -#}
{% macro rule_keys(rules) %}
    {%- set keys = [] -%}
    {%- for rule in rules -%}
        {%- do keys.append((rule.kind, rule.columns | join(', '))) -%}
    {%- endfor -%}
    {{ return(keys) }}
{% endmacro %}

{#- How many rows break each rule that does not stand. -#}
{% macro count_breaking(relation, rules) %}
    {%- set tests = [] -%}
    {%- for rule in rules if rule.breaks and not rule.stands and not rule.weakened -%}
        {%- do tests.append(rule) -%}
    {%- endfor -%}
    {%- if tests -%}
        {%- set sql -%}
            select {% for rule in tests %}count(*) filter (where {{ rule.breaks }}){{ ', ' if not loop.last }}{% endfor %}
            from {{ relation }}
        {%- endset -%}
        {%- set found = run_query(sql).rows[0] -%}
        {%- for rule in tests -%}
            {%- if found[loop.index0] -%}
                {%- do weaken(rule, found[loop.index0] | int) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {%- for rule in rules if rule.kind == 'unique' and not rule.stands and not rule.weakened -%}
        {%- set listed = quoted_list(rule.columns) -%}
        {%- set sql -%}
            select coalesce(sum(rows), 0)
            from (
                select count(*) as rows from {{ relation }}
                where num_nulls({{ listed }}) = 0
                group by {{ listed }}
                having count(*) > 1
            ) as same
        {%- endset -%}
        {%- set rows = run_query(sql).rows[0][0] | int -%}
        {%- if rows -%}
            {%- do rule.update({'rows': rows, 'weakened': 'may be the same in two rows, since ' ~ rows ~ ' rows share theirs'}) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if config.get('hypertable') and timescale_version() < 218 and compression_is_set_up(relation) -%}
        {%- for rule in rules if rule.kind == 'not_null' and not rule.stands and not rule.weakened -%}
            {%- do rule.update({'weakened': 'TimescaleDB before 2.18 sets no NOT NULL on a compressed hypertable'}) -%}
        {%- endfor -%}
    {%- endif -%}
{% endmacro %}

{% macro weaken(rule, rows) %}
    {%- set are = rows ~ ' row' ~ (' is' if rows == 1 else 's are') -%}
    {%- set reason = 'may be NULL, since ' ~ are if rule.kind == 'not_null'
        else 'may be the same in two rows, since ' ~ are ~ ' too long for an index' -%}
    {%- do rule.update({'weakened': reason, 'rows': rows}) -%}
{% endmacro %}

{#- What the last build noted, by kind and columns. -#}
{% macro noted_rules(relation) %}
    {%- set sql -%}
        select
            kind,
            columns,
            constraint_name,
            weakened
        from audit.source_rules
        where table_name = {{ dbt.string_literal(relation.identifier) }}
    {%- endset -%}
    {%- set noted = {} -%}
    {%- for row in run_query(sql).rows -%}
        {%- do noted.update({(row[0], row[1]): {'constraint': row[2], 'weakened': row[3]}}) -%}
    {%- endfor -%}
    {{ return(noted) }}
{% endmacro %}

{#- Writes only what is other than it was, so that a build with nothing to do writes nothing. -#}
{% macro note_rules(relation, rules, noted) %}
    {%- set kept = rule_keys(rules) -%}
    {%- set table_name = dbt.string_literal(relation.identifier) -%}
    {%- for kind, columns in noted if (kind, columns) not in kept -%}
        {%- set sql -%}
            delete from audit.source_rules
            where
                table_name = {{ table_name }}
                and kind = {{ dbt.string_literal(kind) }}
                and columns = {{ dbt.string_literal(dbt.escape_single_quotes(columns)) }}
        {%- endset -%}
        {%- do statement_rows(sql) -%}
    {%- endfor -%}
    {%- for rule in rules -%}
        {%- set columns = rule.columns | join(', ') -%}
        {%- set before = noted.get((rule.kind, columns)) -%}
        {%- set weakened = rule.weakened or none -%}
        {%- if not before or before.weakened != weakened or before.constraint != (rule.constraint or none) -%}
            {%- if weakened -%}
                {%- do log('weakened: ' ~ relation.identifier ~ '.' ~ columns ~ ' ' ~ weakened, info=True) -%}
            {%- endif -%}
            {%- set sql -%}
                insert into audit.source_rules (table_name, kind, columns, constraint_name, weakened, rows, since)
                values (
                    {{ table_name }},
                    {{ dbt.string_literal(rule.kind) }},
                    {{ dbt.string_literal(dbt.escape_single_quotes(columns)) }},
                    {{ dbt.string_literal(rule.constraint) if rule.constraint else 'null' }},
                    {{ dbt.string_literal(dbt.escape_single_quotes(weakened)) if weakened else 'null' }},
                    {{ rule.rows or 'null' }},
                    now()
                )
                on conflict (table_name, kind, columns) do update set
                    constraint_name = excluded.constraint_name,
                    weakened = excluded.weakened,
                    rows = excluded.rows,
                    since = case
                        when (source_rules.weakened is null) = (excluded.weakened is null) then source_rules.since
                        else excluded.since
                    end
            {%- endset -%}
            {%- do statement_rows(sql) -%}
        {%- endif -%}
    {%- endfor -%}
{% endmacro %}
