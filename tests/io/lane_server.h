/*
 * lane_server: a bank that misbehaves by script, for lane_driver.
 */
#ifndef DAYBOOK_TESTS_IO_LANE_SERVER_H
#define DAYBOOK_TESTS_IO_LANE_SERVER_H

#include <stdatomic.h>
#include <stdint.h>

#define SERVED_MAX 256 /* connections at once */
#define SERVED_AMOUNT 700
#define SERVED_BALANCE 12345

/* What it does with a request. */
enum conduct {
    GOOD,
    BYTE_BY_BYTE,
    CHUNKED,
    CONTINUE_FIRST,
    UNTIL_CLOSE,
    SAYS_CLOSE,
    CLOSES_WHEN_IDLE,
    SURPLUS,
    TWO_ANSWERS,
    SURPLUS_WHEN_IDLE,
    CLOSES_UNANSWERED,
    RESETS,
    HALF_A_BODY,
    SHORT_LENGTH,
    TWO_LENGTHS,
    GARBAGE,
    ENDLESS_HEADER,
    HUGE_BODY,
    NO_CONTENT,
    SERVER_ERROR,
    OTHER_KEY,
    SILENT,
    DRIBBLES,      /* a byte every few ms, for ever */
    HOSTILE = 256, /* + index: as lane_hostile has it */
};

/* What both processes see. */
struct lane_server {
    _Atomic uint32_t conduct; /* towards the next request; then GOOD */
    _Atomic uint32_t requests;
    _Atomic uint32_t ended;    /* connections */
    _Atomic uint32_t dribbled; /* bytes */
};

/* Serve whoever connects to `listener`, until killed. */
_Noreturn void lane_server_run(int listener, struct lane_server *shared);

#endif
