select staged.*
from {{ ref('stg_ohlcv_data') }} as staged
where {{ due('staged') }}
