{#- Reads the one declaration, the model's yml, into the shape that the other macros need. -#}
{% macro table_spec(model) %}
    {%- set spec = {
        'name': model.name, 'columns': {}, 'key': [], 'constraints': {}, 'foreign_keys': [], 'checks': {},
        'if_null': {}, 'computed': [], 'rules': {'required': {}, 'defaults': {}, 'unique': []}
    } -%}
    {%- for column in model.columns.values() -%}
        {%- set extra = [] -%}
        {%- set spec_column = {'type': column.data_type, 'not_null': false} -%}
        {%- if not column.data_type -%}
            {{ exceptions.raise_compiler_error(
                "The column " ~ column.name ~ " of " ~ model.name ~ " has no data_type: declare one in its yml.") }}
        {%- endif -%}
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
                {%- do spec.checks.update({constraint.name or model.name ~ '_' ~ column.name ~ '_check': constraint.expression}) -%}
            {%- else -%}
                {{ exceptions.raise_compiler_error("A constraint of type " ~ constraint.type ~ " on the column "
                    ~ model.name ~ "." ~ column.name ~ " is not understood: declare it for the model.") }}
            {%- endif -%}
        {%- endfor -%}
        {%- do spec_column.update({'extra': extra | join(' ')}) -%}
        {%- if 'generated always as (' in spec_column.extra -%}
            {%- do spec.computed.append(column.name) -%}
        {%- endif -%}
        {%- do spec.columns.update({column.name: spec_column}) -%}
        {%- do spec.if_null.update({column.name: column.meta.get('if_null', column.name ~ ' is missing')}) -%}
    {%- endfor -%}
    {%- for constraint in model.constraints -%}
        {%- set listed = constraint.columns | join(', ') -%}
        {%- if constraint.type == 'primary_key' -%}
            {%- do spec.key.extend(constraint.columns) -%}
        {%- elif constraint.type == 'unique' and constraint.expression == 'of the source' -%}
            {%- do spec.rules.unique.append(constraint.columns) -%}
        {%- elif constraint.type == 'unique' -%}
            {%- do spec.constraints.update({
                constraint.name or model.name ~ '_' ~ constraint.columns | join('_') ~ '_key': 'unique (' ~ listed ~ ')'}) -%}
        {%- elif constraint.type == 'check' -%}
            {%- do spec.checks.update({constraint.name: constraint.expression}) -%}
        {%- elif constraint.type == 'foreign_key' -%}
            {%- set to = parent_relation(constraint.to) -%}
            {%- do spec.foreign_keys.append({
                'name': constraint.name or model.name ~ '_' ~ constraint.columns[0] ~ '_fkey',
                'columns': constraint.columns, 'to': to, 'to_columns': constraint.to_columns,
                'sql': 'foreign key (' ~ listed ~ ') references ' ~ to ~ ' (' ~ constraint.to_columns | join(', ') ~ ')'
                    ~ (' ' ~ constraint.expression if constraint.expression else '')}) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for name in spec.key -%}
        {%- do spec.columns[name].update({'not_null': true}) -%}
    {%- endfor -%}
    {%- do spec.constraints.update({model.name ~ '_pkey': 'primary key (' ~ spec.key | join(', ') ~ ')'}) -%}
    {{ return(spec) }}
{% endmacro %}
