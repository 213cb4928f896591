select staged.*
from {{ ref('stg_global_market_indices') }} as staged
where {{ is_candidate('staged') }}
