select staged.*
from {{ ref('stg_exchange_rate_history') }} as staged
where {{ is_candidate('staged') }}
