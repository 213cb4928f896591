select staged.*
from {{ ref('stg_portfolio') }} as staged
where {{ is_candidate('staged') }}
