select
    sensor,
    day::date as day,
    (sensor * (extract(day from day) - 1) * {{ var('factor') }})::{{ var("type") }} as reading
from generate_series(date '2024-01-01', date '{{ var("last_day") }}', interval '1 day') as day
cross join generate_series(1, 2) as sensor
