/* bodies.h - a body of a message made of another one, for the engine (okapi/body.h). */
#ifndef OKAPI_BODIES_H
#define OKAPI_BODIES_H

#include <okapi/body.h>

/* For okapi_host_t of whoever opens an engine. */
const okapi_body_converter_t *okapi_body_converter(void);

#endif
