{#- A valid primary key on exactly the declared columns proves that they are unique and not null, in milliseconds; the
    checkpoint asks the data once more. -#}
{% test key_is_enforced(model) %}
    {%- set key = table_spec(model_node(model.identifier)).key if execute else [] -%}
    select 'no valid primary key ({{ key | join(', ') }})' as fault
    where not exists (
        select from pg_index as i
        where
            i.indrelid = '{{ model }}'::regclass
            and i.indisprimary
            and i.indisvalid
            and (
                select array_agg(a.attname::text order by k.place)
                from unnest(i.indkey::smallint[]) with ordinality as k (number, place)
                inner join pg_attribute as a on i.indrelid = a.attrelid and k.number = a.attnum
            ) = array['{{ key | join("', '") }}']
    )
{% endtest %}
