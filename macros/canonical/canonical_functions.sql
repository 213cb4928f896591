{#- Functions rather than expressions: the first branch of each is the commonest shape, so most values cost one test. What
    cannot be read becomes -infinity, which no source holds, so that a value needs to be read but once to know it.
    Whether 2024-02-30 is a date is worked out here: to let the server try and catch its error would take a subtransaction a
    value, which no parallel query may have. -#}
{% macro canonical_functions() %}
    create schema if not exists canonical;

    create or replace function canonical.day_of(year integer, month integer, day integer) returns date
    language plpgsql immutable strict parallel safe as $body$
    begin
        if year > 0 and month between 1 and 12 and (day between 1 and 28
            or day between 29 and extract(day from make_date(year, month, 1) + interval '1 month - 1 day'))
        then
            return make_date(year, month, day);
        end if;
        return date '-infinity';
    end $body$;

    create or replace function canonical.date_of(value text) returns date
    language plpgsql immutable strict parallel safe cost 1000 as $body$
    begin
        if (value like '____-__-__' and translate(value, '0123456789', '') = '--')
            or value ~ '^[0-9]{4}(-[0-9]{2}-|/[0-9]{2}/)[0-9]{2}($|[T ][0-9]{2})'
        then
            return canonical.day_of(left(value, 4)::integer, substr(value, 6, 2)::integer, substr(value, 9, 2)::integer);
        elsif value ~ '^[0-9]{8}($|[T ][0-9]{2})' then
            return canonical.day_of(left(value, 4)::integer, substr(value, 5, 2)::integer, substr(value, 7, 2)::integer);
        elsif btrim(value) = '' then
            return null;
        end if;
        return date '-infinity';
    end $body$;

    create or replace function canonical.instant_of(value text) returns timestamptz
    language plpgsql immutable strict parallel safe cost 1000 as $body$
    declare
        day date := canonical.date_of(value);
        clock text := '^([0-9]{8}|.{10})[T ](([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,6})?)?)';
    begin
        if day is null or day = '-infinity' or length(value) in (8, 10) then
            return day::timestamp at time zone 'Asia/Seoul';
        elsif value ~ (clock || '$') then
            return value::timestamp at time zone case when value like '____-__-__ __:__:__' then 'UTC' else 'Asia/Seoul' end;
        elsif value ~ (clock || ' ?(Z|[+-](0[0-9]|1[0-5])(:?[0-5][0-9])?)$') then
            return value::timestamptz;
        end if;
        return timestamptz '-infinity';
    end $body$;
{% endmacro %}
