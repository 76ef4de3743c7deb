/*
 * request: one HTTP request to values, by llhttp in strict mode.
 *
 * Names (accounts, keys) are taken as they are, letters, digits and "._-"; nothing is
 * percent-decoded, and a body needs its Content-Length. What is not so is REQUEST_BAD with the
 * reason, or an account or key that no one has.
 *
 * Purity: no clock, no allocation, no I/O.
 */
#ifndef DAYBOOK_MOCK_REQUEST_H
#define DAYBOOK_MOCK_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "base/transfer.h"
#include "mock/bank.h"

enum request_call {
    REQUEST_BAD,     /* not HTTP, or more than this bank takes: answered 400, then closed */
    REQUEST_UNKNOWN, /* no such path or method */
    REQUEST_BALANCE,
    REQUEST_TRANSFER, /* POST of a kind */
    REQUEST_INQUIRY,  /* GET of a kind, by key */
    REQUEST_LIST,     /* GET of a kind, by time */
};

struct span {
    const char *bytes;
    uint32_t count;
};

struct request {
    enum request_call call;
    enum mock_transfer_kind kind;     /* TRANSFER, INQUIRY, LIST */
    const char *wrong;                /* BAD: what is */
    bool close_after;                 /* the peer wants the connection closed */
    char account[MOCK_ACCOUNT_BYTES]; /* BALANCE: "" when it cannot be one */
    char key[MOCK_KEY_BYTES];         /* TRANSFER, INQUIRY: "" when missing or not a key */
    struct span query;                /* LIST: behind the "?" */
    const char *method;               /* static */
    struct span path, body, authorization;
};

/* Read one request into *request. Returns its bytes; 0: not whole yet, bring more. */
MUST_USE size_t request_read(struct request *request, const char *bytes, size_t byte_count);

#define REQUEST_LIST_MOST 50 /* transfers of a page */

/* What the query of a list says. */
struct request_list {
    uint64_t since_ns; /* since 1970; 0: not said */
    uint64_t until_ns; /* not included; UINT64_MAX: not said */
    uint32_t limit;    /* 1 .. REQUEST_LIST_MOST */
    uint32_t from;     /* the first place that the page may show; of the cursor, else 0 */
};
/* NULL: *list holds. Else what is wrong, a static text. */
const char *request_list_read(struct request_list *list, struct span query);

/* What the body of a transfer says. */
struct request_order {
    char from[MOCK_ACCOUNT_BYTES];
    char to[MOCK_ACCOUNT_BYTES];
    char share[MOCK_ACCOUNT_BYTES]; /* sub_account_id; "": not said */
    char currency[MOCK_CURRENCY_BYTES];
    int64_t amount_minor; /* > 0 */
};
/* NULL: *order holds. Else what is wrong, a static text. */
const char *request_order_read(struct request_order *order, enum mock_transfer_kind kind,
                               const char *body, size_t body_bytes);

#endif
