select staged.*
from {{ ref('stg_technical_analysis') }} as staged
where {{ is_candidate('staged') }}
