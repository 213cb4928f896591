select staged.*
from {{ ref('stg_ticker_fundamentals') }} as staged
where {{ is_candidate('staged') }}
