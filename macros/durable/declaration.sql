{#- Reads the one declaration, the model's yml, into the shape that the other macros need. -#}
{% macro table_spec(model) %}
    {%- set spec = {
        'name': model.name, 'columns': {}, 'key': [], 'constraints': {}, 'foreign_keys': [], 'checks': {},
        'if_null': {}, 'computed': [], 'rules': {'required': {}, 'defaults': {}, 'unique': []}
    } -%}
    {%- for column in model.columns.values() -%}
        {%- do read_column(spec, column) -%}
    {%- endfor -%}
    {%- for constraint in model.constraints -%}
        {%- do read_constraint(spec, constraint) -%}
    {%- endfor -%}
    {%- for name in spec.key -%}
        {%- do spec.columns[name].update({'not_null': true}) -%}
    {%- endfor -%}
    {%- do spec.constraints.update({model.name ~ '_pkey': 'primary key (' ~ spec.key | join(', ') ~ ')'}) -%}
    {{ return(spec) }}
{% endmacro %}

{#- The declaration with PostgreSQL's own names of its types. -#}
{% macro built_spec(model) %}
    {%- set spec = table_spec(model) -%}
    {%- set types = {} -%}
    {%- for name, column in spec.columns.items() -%}
        {%- do types.update({name: column.type}) -%}
    {%- endfor -%}
    {%- for name, type in canonical_types(types).items() -%}
        {%- do spec.columns[name].update({'type': type}) -%}
    {%- endfor -%}
    {{ return(spec) }}
{% endmacro %}

{% macro read_column(spec, column) %}
    {%- if not column.data_type -%}
        {{ exceptions.raise_compiler_error(
            "The column " ~ column.name ~ " of " ~ spec.name ~ " has no data_type: declare one in its yml.") }}
    {%- endif -%}
    {%- set extra = [] -%}
    {%- set spec_column = {'type': column.data_type, 'not_null': false} -%}
    {%- for constraint in column.constraints -%}
        {%- if constraint.type == 'not_null' and (constraint.expression or '').startswith('of the source') -%}
            {%- do spec.rules.required.update({column.name: 'but for stubs' in constraint.expression}) -%}
        {%- elif constraint.type == 'not_null' -%}
            {%- do spec_column.update({'not_null': true}) -%}
        {%- elif constraint.type == 'custom' -%}
            {%- do extra.append(constraint.expression) -%}
            {%- if constraint.expression.startswith('default ') -%}
                {%- do spec.rules.defaults.update({column.name: constraint.expression[8:]}) -%}
            {%- endif -%}
        {%- elif constraint.type == 'primary_key' -%}
            {%- do spec.key.append(column.name) -%}
        {%- elif constraint.type == 'check' -%}
            {%- do spec.checks.update({constraint.name or spec.name ~ '_' ~ column.name ~ '_check': constraint.expression}) -%}
        {%- else -%}
            {{ exceptions.raise_compiler_error("A constraint of type " ~ constraint.type ~ " on the column "
                ~ spec.name ~ "." ~ column.name ~ " is not understood: declare it for the model.") }}
        {%- endif -%}
    {%- endfor -%}
    {%- do spec_column.update({'extra': extra | join(' ')}) -%}
    {%- if 'generated always as (' in spec_column.extra -%}
        {%- do spec.computed.append(column.name) -%}
    {%- endif -%}
    {%- do spec.columns.update({column.name: spec_column}) -%}
    {%- do spec.if_null.update({column.name: column.meta.get('if_null', column.name ~ ' is missing')}) -%}
{% endmacro %}

{% macro read_constraint(spec, constraint) %}
    {%- set listed = constraint.columns | join(', ') -%}
    {%- if constraint.type == 'primary_key' -%}
        {%- do spec.key.extend(constraint.columns) -%}
    {%- elif constraint.type == 'unique' and constraint.expression == 'of the source' -%}
        {%- do spec.rules.unique.append(constraint.columns) -%}
    {%- elif constraint.type == 'unique' -%}
        {%- do spec.constraints.update({
            constraint.name or spec.name ~ '_' ~ constraint.columns | join('_') ~ '_key': 'unique (' ~ listed ~ ')'}) -%}
    {%- elif constraint.type == 'check' -%}
        {%- do spec.checks.update({constraint.name: constraint.expression}) -%}
    {%- elif constraint.type == 'foreign_key' -%}
        {%- set to = parent_relation(constraint.to) -%}
        {%- do spec.foreign_keys.append({
            'name': constraint.name or spec.name ~ '_' ~ constraint.columns[0] ~ '_fkey',
            'columns': constraint.columns, 'to': to, 'to_columns': constraint.to_columns,
            'sql': 'foreign key (' ~ listed ~ ') references ' ~ to ~ ' (' ~ constraint.to_columns | join(', ') ~ ')'
                ~ (' ' ~ constraint.expression if constraint.expression else '')}) -%}
    {%- endif -%}
{% endmacro %}

{% macro model_node(name) %}
    {{ return(graph.nodes.get('model.' ~ project_name ~ '.' ~ name)) }}
{% endmacro %}

{#- dbt resolves `to: ref()` for the model that it runs; whoever reads another model's declaration finds it as written. -#}
{% macro parent_relation(to) %}
    {%- set node = model_node(modules.re.sub("^ref\\(['\"](\\w+)['\"]\\)$", "\\1", to)) -%}
    {{ return(adapter.quote(node.schema) ~ '.' ~ adapter.quote(node.name) if node else to | replace('"' ~ target.dbname ~ '".', '')) }}
{% endmacro %}

{#- The columns by which the source tells the rows of a table apart, as the loader noted them: empty where it has no key, none
    where an INTEGER PRIMARY KEY makes the rowid itself the key. What an older loader has written has no such note. -#}
{% macro source_key(source_table, columns) %}
    {%- set sql -%}
        select to_jsonb(t.*) ->> 'key' from raw._tables as t
        where t.table_name = {{ dbt.string_literal(source_table) }}
    {%- endset -%}
    {%- set found = run_query(sql).rows -%}
    {%- set noted = fromjson(found[0][0]) if found and found[0][0] else none -%}
    {%- if noted is none -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set key = [] -%}
    {%- for name, given in source_names(source_table).items() if given in noted and name in columns -%}
        {%- do key.append(name) -%}
    {%- endfor -%}
    {{ return(key if key | length == noted | length else none) }}
{% endmacro %}

{#- What a declaration says and nothing would follow is told before anything is made. -#}
{% macro refuse_ignored_config(model) %}
    {%- if config.get('indexes') -%}
        {{ exceptions.raise_compiler_error(
            model.name ~ " has indexes in its config, which dbt names anew with each build of a table, and this one is built once:"
            ~ " declare them in named_indexes, by name.") }}
    {%- endif -%}
    {%- if config.get('on_schema_change', 'ignore') != 'ignore' -%}
        {{ exceptions.raise_compiler_error(
            model.name ~ " has on_schema_change in its config: a new column is added, and any other change of a column is refused,"
            ~ " whatever it says. Leave it out.") }}
    {%- endif -%}
    {%- if config.get('stub_where') -%}
        {%- for child in graph.nodes.values() if child.resource_type == 'model' and child.config.get('source_table') -%}
            {%- set staging = 'stg_' ~ child.name -%}
            {%- set refers = child.constraints | selectattr('to') | map(attribute='to') | map('replace', '"', "'") | list -%}
            {%- set read = model.refs | map(attribute='name') | list -%}
            {%- if child.name != model.name and "ref('" ~ model.name ~ "')" in refers and staging not in read -%}
                {{ exceptions.raise_compiler_error(
                    child.name ~ " refers to " ~ model.name ~ ", whose SQL does not read " ~ staging ~ ": its rows without a parent"
                    ~ " would get no stub and stand in quarantine. Add it to the children in " ~ model.original_file_path ~ ".") }}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{% endmacro %}
