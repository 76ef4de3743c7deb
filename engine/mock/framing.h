/*
 * framing: answers bent so that HTTP/1.1 does not allow them, or only just.
 *
 * What comes out is at most MOCK_ANSWER_MAX bytes. Purity: no clock, no allocation, no I/O.
 */
#ifndef DAYBOOK_MOCK_FRAMING_H
#define DAYBOOK_MOCK_FRAMING_H

#include "mock/bank.h"
#include "mock/faults.h"

/* Bend the answer in the reply as the fault says; other faults change nothing. */
void framing_bend(struct mock_reply *reply, enum fault way);

#endif
