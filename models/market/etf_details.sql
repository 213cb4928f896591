select staged.*
from {{ ref('stg_etf_details') }} as staged
where {{ is_candidate('staged') }}
