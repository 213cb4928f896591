select staged.*
from {{ ref('stg_portfolio') }} as staged
where {{ due('staged') }}
