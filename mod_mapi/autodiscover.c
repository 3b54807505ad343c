#include "mod_mapi.h"
int mapi_autodiscover_handler(request_rec *r)
{
    return DECLINED;
}
