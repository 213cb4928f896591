select staged.*
from {{ ref('stg_trades') }} as staged
where {{ due('staged') }}
