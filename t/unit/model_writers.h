/* model_writers.h - several threads of several processes write into one store. */
#ifndef MODEL_WRITERS_H
#define MODEL_WRITERS_H

#include "model_run.h"

/* PROCESSES of THREADS each do *OPERATIONS together, or as many as there is time for. DICE has the
 * model from before, which becomes that of after, and what is random. 0 if anything isn't as it
 * should be. */
int model_writers(mailbox_t *mailbox, model_follower_t *follower, model_run_t *dice, int processes,
                  int threads, int *operations, apr_time_t deadline);

#endif
