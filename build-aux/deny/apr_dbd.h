#error "only store/db sees APR DBD: put the SQL into store/db/stmt_*.def and call store/db/db.h"
