{#- Functions rather than expressions: only the server itself can say that 2024-02-30 is no date, and PostgreSQL 15 says it
    only by an error, which SQL cannot catch. The first branch of each is the commonest shape: most rows cost one test.
    What cannot be read becomes -infinity, which no source holds, so that a row needs to be read but once to know it. -#}
{% macro canonical_functions() %}
    create schema if not exists canonical;

    create or replace function canonical.date_of(value text) returns date
    language plpgsql immutable strict parallel unsafe cost 1000 as $body$
    declare
        digits integer;
    begin
        if translate(value, '0123456789', '') = '--' and value like '____-__-__' then
            return value::date;
        elsif btrim(value) = '' then
            return null;
        end if;
        digits := case when substr(value, 5, 1) in ('-', '/') then 10 else 8 end;
        if translate(left(value, digits), '0123456789', '9999999999') in ('9999-99-99', '9999/99/99', '99999999')
            and (length(value) = digits or substr(value, digits + 1) ~ '^[T ][0-9]{2}')
        then
            return left(value, digits)::date;
        end if;
        return date '-infinity';
    exception when data_exception then
        return date '-infinity';
    end $body$;

    create or replace function canonical.instant_of(value text) returns timestamptz
    language plpgsql immutable strict parallel unsafe cost 1000 as $body$
    begin
        if value like '____-__-__T__:__:__%' and left(value, 2) in ('19', '20') and length(value) <= 26
            and translate(substr(value, 20), '0123456789', '') in ('', '.')
        then
            return value::timestamp at time zone 'Asia/Seoul';
        elsif value ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}$' then
            return value::timestamp at time zone 'UTC';
        elsif value ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?$' then
            return value::timestamp at time zone 'Asia/Seoul';
        elsif btrim(value) = '' then
            return null;
        elsif value ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)? ?(Z|[+-][0-9]{2}(:?[0-9]{2})?)$' then
            return value::timestamptz;
        elsif translate(value, '0123456789', '9999999999') in ('9999-99-99', '9999/99/99', '99999999') then
            return canonical.date_of(value)::timestamp at time zone 'Asia/Seoul';
        end if;
        return timestamptz '-infinity';
    exception when data_exception then
        return timestamptz '-infinity';
    end $body$;
{% endmacro %}
