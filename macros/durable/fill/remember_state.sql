{% macro remember_state(relation, state) %}
    {%- do statement_rows(
        "insert into audit.build_state (relation, fingerprint, load_id, built_at) values ('" ~ relation.identifier ~ "', '"
        ~ state.fingerprint ~ "', " ~ state.load_id ~ ", now()) on conflict (relation) do update set"
        ~ " fingerprint = excluded.fingerprint, load_id = excluded.load_id, built_at = excluded.built_at"
    ) -%}
{% endmacro %}
