select staged.*
from {{ ref('stg_technical_analysis') }} as staged
where {{ due('staged') }}
