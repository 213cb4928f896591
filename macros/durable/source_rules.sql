{#- Every NOT NULL, DEFAULT and UNIQUE that an application of the source relies on, each with the clause of `alter table` that sets
    it. The file's own word goes before the yml's: an application that may leave a column out there may here. -#}
{% macro source_rules(relation, spec, source_table) %}
    {%- set present = timescale.existing_columns(relation | string) -%}
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

{#- The clause of `alter table` that takes a rule away. -#}
{% macro unset_rule(kind, columns, constraint) %}
    {%- if constraint -%}
        {{ return('drop constraint if exists ' ~ constraint) }}
    {%- endif -%}
    {{ return('alter column ' ~ adapter.quote(columns[0]) ~ ' drop ' ~ kind | replace('_', ' ')) }}
{% endmacro %}

{#- What the file declares of a table, as its last load noted it: `columns` by name, and `keys`; none where no load has told. -#}
{% macro declared_by_source(source_table) %}
    {%- set sql -%}
        select
            to_jsonb(t) ->> 'columns',
            to_jsonb(t) ->> 'keys'
        from raw._tables as t
        where t.table_name = {{ dbt.string_literal(source_table) }}
    {%- endset -%}
    {%- set found = run_query(sql).rows -%}
    {%- if not found or not found[0][1] -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set columns = {} -%}
    {%- for column in fromjson(found[0][0]).values() -%}
        {%- do columns.update({column.name: column}) -%}
    {%- endfor -%}
    {{ return({'columns': columns, 'keys': fromjson(found[0][1])}) }}
{% endmacro %}

{#- A default of SQLite's as PostgreSQL writes it for a column of that type, or none where nobody here can say it. Constants are
    read as staging reads the source's values: 'D' is 1d, 0 is false. Times of SQLite are UTC. -#}
{% macro postgres_default(default, type, canonical='text') %}
    {%- set match = modules.re.match -%}
    {%- set told = default | trim -%}
    {%- set bare = modules.re.sub("\\s", "", told) | lower -%}
    {%- set quoted = match("^(?:'((?:[^']|'')*)'|\"((?:[^\"]|\"\")*)\")$", told) -%}
    {%- set text = (quoted.group(1) or quoted.group(2) or '').replace("''", "'").replace('""', '"') if quoted else told -%}
    {%- set literal = "'" ~ text.replace("'", "''") ~ "'" -%}
    {%- set number = match("^[-+]?([0-9]{1,18})([.]0*)?$", text) -%}
    {%- set moment = bare in ('current_timestamp', "datetime()") or match("^datetime\\('now'(,'(utc|localtime)')?\\)$", bare)
        or bare == "strftime('%y-%m-%d%h:%m:%s','now')" -%}
    {%- set day = bare in ('current_date', "date()") or match("^date\\('now'(,'(utc|localtime)')?\\)$", bare) -%}
    {%- set zone = "'Asia/Seoul'" if 'localtime' in bare else "'UTC'" -%}
    {%- if moment or day -%}
        {{ return({
            'timestamp with time zone': 'now()' if moment,
            'date': "(now() at time zone " ~ zone ~ ")::date",
            'text': "to_char(now() at time zone " ~ zone ~ ", 'YYYY-MM-DD" ~ (" HH24:MI:SS" if moment) ~ "')",
        }.get(type) or none) }}
    {%- elif type == 'bigint' and number -%}
        {{ return(text | replace('+', '') | replace(number.group(2) or '', '')) }}
    {%- elif type == 'double precision' and match("^[-+]?([0-9]{1,250}([.][0-9]*)?|[.][0-9]+)([eE][-+]?[0-9]{1,2})?$", text) -%}
        {{ return(text) }}
    {%- elif type == 'boolean' and text | lower in ('true', 'false', '0', '1') -%}
        {{ return('true' if text | lower in ('true', '1') else 'false') }}
    {%- elif type in ('bigint', 'double precision') and bare in ('true', 'false') -%}
        {{ return('1' if bare == 'true' else '0') }}
    {%- elif type not in ('text', 'date', 'timestamp with time zone') or not quoted and not (type == 'text' and match("^[0-9]{1,18}$", text)) -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set reading = {
        'date': 'canonical.date_of(' ~ literal ~ ')', 'timestamp with time zone': 'canonical.instant_of(' ~ literal ~ ')'
    }.get(type) or {
        'region': canonical_region(literal), 'ticker': canonical_ticker(literal), 'timeframe': canonical_timeframe(literal)
    }.get(canonical, literal) -%}
    {%- set read = run_query("select (" ~ reading ~ ")::text").rows[0][0] -%}
    {{ return(none if read in (none, '-infinity') else "'" ~ read.replace("'", "''") ~ "'::" ~ type) }}
{% endmacro %}
