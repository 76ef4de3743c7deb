/*
 * verify_requests: what people asked of one batch, and the decisions about it.
 *
 * A request's row is not in the chain: the decision about it is, and must say the same. A resource.
 */
#ifndef DAYBOOK_JOBS_VERIFY_REQUESTS_H
#define DAYBOOK_JOBS_VERIFY_REQUESTS_H

#include "jobs/verify_state.h"

/* Reads them, after the plan; the names that an amendment gives are added to the bodies. False: the
   database could not be asked (reported). */
MUST_USE bool verify_requests_read(struct verify *verify);
/* The request that this decision is about; NULL, and *wrong: there is none, it says something else,
   or the partition decided it already. */
const struct verify_request *
verify_requests_decide(struct verify *verify, const struct record *record, const char **wrong);

#endif
