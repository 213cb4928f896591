{#- Functions rather than expressions: what cannot be read becomes -infinity, which no source holds, so that a value needs
    to be read but once to know it.
    Whether 2024-02-30 is a date is worked out here: to let the server try and catch its error would take a subtransaction a
    value, which no parallel query may have. -#}
{% macro canonical_functions() %}
    create schema if not exists canonical;

    create or replace function canonical.date_of(value text) returns date
    language plpgsql immutable strict parallel safe cost 1000 as $body$
    declare
        digits text := translate(value, '-/', '');
        month date;
        day integer;
    begin
        if value ~ '^[0-9]{4}(-[0-9]{2}-|/[0-9]{2}/|[0-9]{2})[0-9]{2}($|[T ][0-9]{2})' then
            if left(digits, 4) > '0000' and substr(digits, 5, 2) between '01' and '12' then
                month := make_date(left(digits, 4)::integer, substr(digits, 5, 2)::integer, 1);
                day := substr(digits, 7, 2)::integer;
                if day between 1 and extract(day from month + interval '1 month - 1 day') then
                    return month + day - 1;
                end if;
            end if;
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

    create or replace aggregate canonical.product(double precision) (
        sfunc = float8mul, stype = double precision, initcond = 1, parallel = safe
    );
{% endmacro %}
