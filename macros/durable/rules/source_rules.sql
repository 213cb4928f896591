{#- Every NOT NULL, DEFAULT and UNIQUE that an application of the source relies on, each with the clause of `alter table` that sets
    it. The file's own word goes before the yml's: an application that may leave a column out there may here. -#}
{% macro source_rules(relation, spec, source_table) %}
    {%- set present = existing_columns(relation | string) -%}
    {%- set file = declared_by_source(source_table) -%}
    {%- set stub = config.get('stub_where') -%}
    {%- set regions = {'ticker': 'region'} if spec.name == 'tickers' else {} -%}
    {%- for key in spec.foreign_keys if 'ticker' in key.to_columns and 'region' in key.to_columns -%}
        {%- do regions.update({key.columns[key.to_columns.index('ticker')]: key.columns[key.to_columns.index('region')]}) -%}
    {%- endfor -%}
    {%- set required, defaults, rules = {}, {}, [] -%}
    {%- for name, but_for_stubs in spec.rules.required.items() if not file or file.columns.get(name, {}).get('required') -%}
        {%- do required.update({name: but_for_stubs}) -%}
    {%- endfor -%}
    {%- do defaults.update(spec.rules.defaults) -%}
    {%- for name, column in (file.columns if file else {}).items() if name in present -%}
        {%- if column.required and name not in required and not (spec.columns.get(name) or {}).not_null -%}
            {%- do required.update({name: stub is not none}) -%}
        {%- endif -%}
        {%- if (column.default or 'null') | lower != 'null' -%}
            {%- set kind = 'ticker' if name in regions else 'region' if name in regions.values() else name -%}
            {%- set translated = postgres_default(column.default, present[name], kind) -%}
            {%- if translated -%}
                {%- do defaults.update({name: translated}) -%}
            {%- elif name not in defaults -%}
                {%- do rules.append({'kind': 'default', 'columns': [name],
                    'weakened': 'nobody translates ' ~ column.default}) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}

    {%- for name, but_for_stubs in required.items() if name in present -%}
        {%- set column = adapter.quote(name) -%}
        {%- set rule = {'kind': 'not_null', 'columns': [name], 'breaks': column ~ ' is null',
            'set': 'alter column ' ~ column ~ ' set not null'} -%}
        {%- if but_for_stubs -%}
            {%- set check = rule_name(spec.name ~ '_' ~ name, 'not_null') -%}
            {%- set condition = column ~ ' is not null or coalesce(' ~ stub ~ ', false)' -%}
            {%- do rule.update({'constraint': check, 'condition': condition, 'breaks': 'not (' ~ condition ~ ')',
                'set': 'add constraint ' ~ check ~ ' check (' ~ condition ~ ')'}) -%}
        {%- endif -%}
        {%- do rules.append(rule) -%}
    {%- endfor -%}
    {%- for name, expression in defaults.items() if name in present -%}
        {%- do rules.append({'kind': 'default', 'columns': [name], 'expression': expression,
            'set': 'alter column ' ~ adapter.quote(name) ~ ' set default ' ~ expression}) -%}
    {%- endfor -%}
    {%- set keys = {spec.key | sort | join(', '): true} -%}
    {%- for key in spec.rules.unique + (file['keys'] if file else []) -%}
        {%- set columns = [] -%}
        {%- for name in key -%}
            {%- do columns.extend([name] if name not in regions or regions[name] in key else [name, regions[name]]) -%}
        {%- endfor -%}
        {%- if columns | sort | join(', ') not in keys and not columns | reject('in', present) | list -%}
            {%- do keys.update({columns | sort | join(', '): true}) -%}
            {%- do rules.append(unique_rule(spec, columns, present)) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(rules) }}
{% endmacro %}

{#- The longest entry of an index has some 2,700 bytes. -#}
{% macro unique_rule(spec, columns, present) %}
    {%- set lengths = ['0'] -%}
    {%- for column in columns if present[column] == 'text' -%}
        {%- do lengths.append('coalesce(octet_length(' ~ adapter.quote(column) ~ '), 0)') -%}
    {%- endfor -%}
    {%- set name = rule_name(spec.name ~ '_' ~ columns | join('_'), 'key') -%}
    {%- set rule = {'kind': 'unique', 'columns': columns, 'constraint': name, 'breaks': lengths | join(' + ') ~ ' > 2500',
        'set': 'add constraint ' ~ name ~ ' unique (' ~ quoted_list(columns) ~ ')'} -%}
    {%- set declared = config.get('weakened', {}).get('unique (' ~ columns | join(', ') ~ ')') -%}
    {%- set time_column = config.get('hypertable', {}).get('time_column') -%}
    {%- if declared or time_column and time_column not in columns -%}
        {%- do rule.update({'weakened': declared or 'a unique key of a hypertable holds its ' ~ time_column}) -%}
    {%- endif -%}
    {{ return(rule) }}
{% endmacro %}

{#- A constraint's name that PostgreSQL does not cut off, quoted. -#}
{% macro rule_name(about, suffix) %}
    {%- set name = about ~ '_' ~ suffix -%}
    {{ return(adapter.quote(name if name.encode() | length <= 63 else local_md5(about)[:16] ~ '_' ~ suffix)) }}
{% endmacro %}
