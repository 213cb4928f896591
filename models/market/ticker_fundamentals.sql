select staged.*
from {{ ref('stg_ticker_fundamentals') }} as staged
where {{ due('staged') }}
