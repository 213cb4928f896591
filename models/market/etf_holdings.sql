select staged.*
from {{ ref('stg_etf_holdings') }} as staged
where {{ is_candidate('staged') }}
