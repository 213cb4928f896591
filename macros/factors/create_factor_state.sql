{#- What the scores that stand were worked out from. It is written in the transaction that writes the scores, and only
    there: after a kill the next build finds the same differences and does the same work. -#}
{% macro create_factor_state() %}
    create table if not exists factors.known_days (
        region text,
        date date,
        digest numeric not null,
        primary key (region, date)
    );

    create table if not exists factors.known_reports (
        id bigint primary key,
        ticker text not null,
        region text not null,
        date date not null,
        since date not null,
        expires date not null,
        price_at double precision,
        digest text not null
    );

    create table if not exists factors.scored_days (
        region text,
        date date,
        definition text not null,
        written_at timestamptz not null default now(),
        primary key (region, date)
    );

    create table if not exists factors.evaluated (
        through timestamptz not null,
        only_row boolean primary key default true check (only_row)
    );
{% endmacro %}
