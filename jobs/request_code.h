/*
 * request_code: why a request is not done, as people read it.
 */
#ifndef DAYBOOK_JOBS_REQUEST_CODE_H
#define DAYBOOK_JOBS_REQUEST_CODE_H

/* A sentence for a decision's code; "" for none. */
const char *request_code_reason(const char *code);
/* What to do then; NULL: nothing but to look. */
const char *request_code_hint(const char *code);

#endif
