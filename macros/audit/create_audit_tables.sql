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
        deparsed text,
        primary key (relation, kind, name)
    );

    -- older builds did not keep how PostgreSQL writes a definition
    alter table audit.applied_definitions add column if not exists deparsed text;
    update audit.applied_definitions as a set deparsed = pg_get_constraintdef(c.oid)
    from pg_constraint as c
    where
        a.deparsed is null
        and a.kind = 'constraint'
        and c.conname = a.name
        and c.conrelid = to_regclass('public.' || quote_ident(a.relation));
    update audit.applied_definitions as a set deparsed = pg_get_indexdef(i.indexrelid)
    from pg_index as i
    where
        a.deparsed is null
        and a.kind = 'index'
        and i.indrelid = to_regclass('public.' || quote_ident(a.relation))
        and i.indexrelid = to_regclass('public.' || quote_ident(a.name));

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

    create table if not exists audit.test_passes (
        test text primary key,
        fingerprint text not null,
        passed_at timestamptz
    );

    create table if not exists audit.verdicts (
        judged_at timestamptz not null,
        checkpoint text not null,
        command text not null,
        target text not null,
        suites text[] not null,
        quick boolean not null,
        passed boolean not null,
        failures integer not null,
        warnings integer not null,
        rows jsonb not null,
        seconds double precision not null,
        load_id bigint,
        code_version text not null
    );
    create index if not exists idx_verdicts_judged_at on audit.verdicts (judged_at);

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
