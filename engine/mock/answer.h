/*
 * answer: HTTP answers of a bank, rendered into a reply.
 *
 * Every text that is put in is a name (book_is_name) or one of ours, so nothing needs escaping.
 * Purity: no clock, no allocation, no I/O.
 */
#ifndef DAYBOOK_MOCK_ANSWER_H
#define DAYBOOK_MOCK_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "mock/bank.h"

/* Each sets decision, status, answer and bytes; close_after is read. */
void answer_balance(struct mock_reply *reply, const char *account, int64_t balance_minor,
                    const char *currency);
/* Of a person's share of a pool: what is left of it, and all that ever came in. */
void answer_share(struct mock_reply *reply, const char *account, int64_t share_minor,
                  int64_t received_minor, const char *currency);
/* What is pending has no number (id 0) yet: it is named by `pending`, 1, 2, 3 … */
struct told {
    const struct mock_transfer *transfer; /* NULL: none */
    uint64_t pending;
    const char *currency;
};
void answer_transfer(struct mock_reply *reply, const struct told *told, bool is_replayed);
void answer_list(struct mock_reply *reply, const struct told *told);

/* A page of a list, put together one by one. */
#define ANSWER_PAGE_BYTES 24000
struct answer_page {
    uint32_t count, bytes;
    char body[ANSWER_PAGE_BYTES];
};
void answer_page_begin(struct answer_page *page);
/* At most REQUEST_LIST_MOST. */
void answer_page_add(struct answer_page *page, const struct told *told);
/* `next` is the cursor of the page behind it, "": there is none. */
void answer_page_end(struct mock_reply *reply, struct answer_page *page, const char *next);

void answer_refused(struct mock_reply *reply, enum mock_refusal refusal, bool is_replayed);
/* The caller may not do this. */
void answer_forbidden(struct mock_reply *reply);
void answer_key_used(struct mock_reply *reply, uint64_t transfer_id);
void answer_too_many(struct mock_reply *reply, uint64_t wait_ns);
/* Any other error. */
void answer_error(struct mock_reply *reply, uint16_t status, const char *type, const char *detail);

/* "account_stopped" …; "" for none. */
const char *answer_refusal_code(enum mock_refusal refusal);

#endif
