select staged.*
from {{ ref('stg_market_sentiment') }} as staged
where {{ is_candidate('staged') }}
