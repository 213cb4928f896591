select staged.*
from {{ ref('stg_ohlcv_data') }} as staged
where {{ is_candidate('staged') }}
