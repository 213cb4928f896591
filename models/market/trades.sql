select staged.*
from {{ ref('stg_trades') }} as staged
where {{ is_candidate('staged') }}
