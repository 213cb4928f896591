{% macro create_audit_tables() %}
    create table if not exists audit.build_state (
        relation text primary key,
        fingerprint text not null,
        load_id bigint not null,
        built_at timestamptz not null
    );

    create table if not exists audit.applied_definitions (
        relation text not null,
        kind text not null,
        name text not null,
        definition text not null,
        primary key (relation, kind, name)
    );

    create table if not exists audit.source_rules (
        table_name text not null,
        kind text not null,
        columns text not null,
        constraint_name text,
        weakened text,
        rows bigint,
        since timestamptz not null,
        primary key (table_name, kind, columns)
    );

    create table if not exists audit.quarantine (
        table_name text not null,
        rowid bigint not null,
        key jsonb not null,
        reason text not null,
        "row" jsonb not null,
        first_seen timestamptz not null,
        last_seen timestamptz not null,
        primary key (table_name, rowid)
    );

    -- of the key's hash: what is too long for an index has to find its place here
    drop index if exists audit.idx_quarantine_key;
    create index if not exists idx_quarantine_key_hash on audit.quarantine (table_name, jsonb_hash_extended(key, 0));
{% endmacro %}
