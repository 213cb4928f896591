select
    sensor,
    {{ timescale.timescaledb() }}.time_bucket(interval '1 month', day) as month,
    {{ var('measure') }}(reading) as reading
from {{ ref('readings') }}
group by sensor, {{ timescale.timescaledb() }}.time_bucket(interval '1 month', day)
