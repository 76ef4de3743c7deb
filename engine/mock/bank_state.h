/*
 * bank_state: the bank as its files share it. Nothing else includes it.
 */
#ifndef DAYBOOK_MOCK_BANK_STATE_H
#define DAYBOOK_MOCK_BANK_STATE_H

#include "base/heap.h"
#include "mock/answer.h"
#include "mock/bank.h"
#include "mock/book.h"
#include "mock/faults.h"
#include "mock/rate.h"
#include "mock/request.h"

/* The newest answer that says whom it is about. */
struct kept_answer {
    char about[MOCK_KEY_BYTES]; /* a key or an account; "": none yet */
    uint16_t status;
    uint32_t bytes;
    char answer[1024];
};

struct mock_bank {
    struct book book;
    struct heap late; /* undecided transfers, by place in the book */
    struct heap back; /* transfers whose money will go back, by place in the book */
    struct rate rate;
    struct meter meter;
    struct faults faults;
    struct kept_answer kept, other;
    uint64_t late_ns, settle_ns, reverse_ns, lag_ns, drip_ns;
    int64_t fee_minor;
    uint64_t now_ns;
    uint64_t calls, over_limit;
    char currency[MOCK_CURRENCY_BYTES];
    char token[MOCK_TOKEN_BYTES];
    char fee_account[MOCK_ACCOUNT_BYTES];
    char pool_account[MOCK_ACCOUNT_BYTES];
    void *memory;
};

/* One call, and what strikes it. */
struct call {
    const struct request *request;
    uint32_t struck;
    enum fault way;
    bool is_late;
    struct mock_reply *reply;
};

/* It had its effect; a bad way to answer is named before it. */
void bank_name_fault(const struct call *call, enum fault fault);

/* A transfer that was asked for, checked as far as the book's accounts go. */
struct asked {
    struct request_order read;
    struct book_order order;
};
/* False: the error was answered. The order points into *asked and the key. */
MUST_USE bool bank_ask(struct mock_bank *bank, const struct request *request, struct asked *asked,
                       struct mock_reply *reply);
/* Move the money, or refuse. */
void bank_decide(struct mock_bank *bank, uint32_t place, enum mock_refusal refusal);
/* What the POST of a transfer does and answers, as its call is struck. */
void bank_transfer(struct mock_bank *bank, struct call *call);
/* What an answer says of a transfer: the truth, unless the call is struck by a wrong answer. */
struct told bank_tell(const struct mock_bank *bank, uint32_t place, enum fault way,
                      struct mock_transfer *copy);
void bank_say_nothing(struct mock_reply *reply);

#endif
