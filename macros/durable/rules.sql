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
        {%- do execute_and_count('alter table ' ~ relation ~ ' ' ~ clauses | join(', ')) -%}
    {%- endif -%}
    {%- do note_rules(relation, rules, noted) -%}
{% endmacro %}

{#- The clauses that take away what an earlier build has set and the source no longer asks for. -#}
{% macro given_up(relation, spec, rules, noted) %}
    {%- set present = timescale.existing_columns(relation | string) -%}
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
    {%- if config.get('hypertable') and timescale.timescale_version() < 218 and timescale.compression_is_set_up(relation) -%}
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
        {%- do execute_and_count(sql) -%}
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
            {%- do execute_and_count(sql) -%}
        {%- endif -%}
    {%- endfor -%}
{% endmacro %}

{#- Before rows are written: takes away the rules that the source has given up, or that its rows would break. To refuse such a
    row would lose it; what then cannot be set again is told. A key is also taken away while rows swap their values: PostgreSQL
    asks it after each row. -#}
{% macro loosen_rules(relation, spec, candidates, columns) %}
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
            from {{ candidates }}
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
                select {{ listed }} from {{ candidates }}
                where _reason is null and num_nulls({{ listed }}) = 0
                group by {{ listed }}
                having count(*) > 1
            ) or exists (
                select from {{ candidates }} as c
                inner join {{ relation }} as t on row({{ quoted_list(rule.columns, 'c') }}) = row({{ quoted_list(rule.columns, 't') }})
                where c._reason is null and not ({{ same_key(spec, 't', 'c') }})
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
        {%- do execute_and_count('alter table ' ~ relation ~ ' ' ~ clauses | join(', ')) -%}
    {%- endif -%}
{% endmacro %}

{#- Says of each rule whether it stands. PostgreSQL deparses what it is given, so it is given the same to a table that is gone at
    once, and the two are compared. -#}
{% macro mark_standing(relation, rules) %}
    {%- set present = timescale.existing_columns(relation | string) -%}
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
