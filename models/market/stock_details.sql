select staged.*
from {{ ref('stg_stock_details') }} as staged
where {{ is_candidate('staged') }}
