{#- A month's turnover looks back to the month before it. -#}
select
    region,
    month
from {{ ref('factor_stale_months') }}
union
select
    region,
    (month + interval '1 month')::date as month
from {{ ref('factor_stale_months') }}
