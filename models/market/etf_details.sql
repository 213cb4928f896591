select staged.*
from {{ ref('stg_etf_details') }} as staged
where {{ due('staged') }}
