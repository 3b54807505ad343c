/* model_writers.h - several processes that write into one store. */
#ifndef MODEL_WRITERS_H
#define MODEL_WRITERS_H

#include "model_run.h"

/* A store as mary sees it, who has the default rights. */
okapi_store_t *model_visitor(mailbox_t *mailbox);

/* N writers do *OPERATIONS together, or as many as there is time for. DICE has the model from
 * before, which becomes that of after, and what is random. 0 if anything isn't as it should be. */
int model_writers(mailbox_t *mailbox, model_follower_t *follower, model_run_t *dice, int n,
                  int *operations, apr_time_t deadline);

#endif
