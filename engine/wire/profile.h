/*
 * profile: a bank as data (ops/banks/README.md). Loaded once from YAML; then only read.
 *
 * Renders the whole HTTP request of a call, and reads what the bank's answer means. The same order
 * always renders to the same bytes. A resource; render and read allocate nothing but from the
 * scratch given.
 */
#ifndef DAYBOOK_WIRE_PROFILE_H
#define DAYBOOK_WIRE_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bank_rules.h"
#include "base/hash.h"
#include "base/transfer.h"

#define REQUEST_BYTES_MAX 2048 /* a rendered request, headers and body */
#define PROFILE_ERROR_BYTES 512
#define LIST_INSTANT_BYTES 20 /* "2026-03-25T00:00:00Z" */
#define LIST_CURSOR_MAX 200   /* bytes of the mark of a page, without the NUL */
#define LIST_TEXT_MAX 63      /* bytes of what a listed transfer is told by, without the NUL */

struct profile;

/* What belongs to this installation, not to the bank's contract. Copied at load. */
struct profile_site {
    const char *host;               /* for the Host header: host or host:port */
    const char *path_prefix;        /* before every path of the profile; "" for none */
    const char *token;              /* bearer token; "" for none; never printed */
    const char *collection_account; /* where collect goes */
    const char *suspense_account;   /* where a hold by transfer goes; "" where unused */
    const char *pool_account;       /* what pooled accounts share; NULL or "" where they do not */
    const char *currency;           /* ISO 4217, of the batch */
};

/*
 * Load `file`; on failure NULL, and `error` says file:line:col: what is wrong and what to do.
 * Unknown keys, wrong values and missing parts are errors.
 */
struct profile *profile_load(const char *file, const struct profile_site *site,
                             char error[PROFILE_ERROR_BYTES]);
/* The same from a text that is at hand; errors call it `name`. */
struct profile *profile_load_text(const char *name, const char *text, size_t text_bytes,
                                  const struct profile_site *site, char error[PROFILE_ERROR_BYTES]);
void profile_close(struct profile *profile);

const struct bank_rules *profile_rules(const struct profile *profile);
/* SHA-256 of the profile's text, and the text: what intents refer to. */
struct digest profile_digest(const struct profile *profile);
const char *profile_text(const struct profile *profile, size_t *text_bytes);

struct rendered {
    uint32_t bytes;   /* of the whole request; 0: did not fit, or a field is not allowed */
    uint32_t body_at; /* where the body begins */
};

/* The request of one call. `order` is NULL for CALL_BALANCE. */
struct rendered profile_render(const struct profile *profile, enum call_kind call_kind,
                               const struct transfer_order *order, const struct parties *parties,
                               char out[REQUEST_BYTES_MAX]);

/*
 * SHA-256 over method, path (without the site's prefix), the profile's own headers, the key as the
 * bank is told it, and body of the transfer: what an intent keeps as its body digest. Whatever the
 * bank tells a repeat by is in it; host and authorization are not. Of nothing where the order
 * cannot be rendered.
 */
struct digest profile_body_digest(const struct profile *profile, struct hash *hash,
                                  const struct transfer_order *order,
                                  const struct parties *parties);

struct bank_answer {
    enum answer answer;
    bool throttled;
    int64_t balance_minor;
    int64_t fee_minor;
    uint64_t retry_after_ns; /* 0: none said */
    struct bank_text text;
};

/* Memory for reading one answer's JSON, reset at every profile_read. One a lane. */
struct profile_scratch;
/* Never NULL: at start, without memory, it aborts. */
struct profile_scratch *profile_scratch_open(size_t capacity_bytes);
void profile_scratch_close(struct profile_scratch *scratch);

/*
 * What a whole answer means, by the profile's table. Anything the table does not list, anything
 * that does not parse, and an echo that differs from what was asked (key, amount, currency,
 * parties, as far as the bank echoes them) is ANSWER_IN_DOUBT with a code that says so
 * ("unlisted", "unparsed", "many", "no_reference", "echo_key", "echo_amount", …).
 * `retry_after_s` is the header's, or -1.
 */
void profile_read(const struct profile *profile, struct profile_scratch *scratch,
                  enum call_kind call_kind, const struct transfer_order *order,
                  const struct parties *parties, uint16_t http_status, int64_t retry_after_s,
                  const char *body, size_t body_bytes, struct bank_answer *answer);

/* ---- the bank's own list of its transfers, for reconciling ---- */

/* How many lists there are, one for each kind of transfer that states one. */
uint32_t profile_list_count(const struct profile *profile);
/* Does every step that moves money have its list? Only then do they show all that was done. */
bool profile_lists_all(const struct profile *profile);

struct list_span {
    char since[LIST_INSTANT_BYTES + 1]; /* UTC, as above */
    char until[LIST_INSTANT_BYTES + 1]; /* not included */
};

/* The request of a page; `cursor` is "" for the first, else what the page before it said. */
struct rendered profile_render_list(const struct profile *profile, uint32_t list_index,
                                    const struct list_span *span, const char *cursor,
                                    char out[REQUEST_BYTES_MAX]);

enum list_result {
    LIST_PAGE,      /* a whole page */
    LIST_THROTTLED, /* the same again, after a wait */
    LIST_REFUSED,   /* the bank says no; `code` tells what */
    LIST_BAD,       /* not a page; `code` tells why: nothing of it counts */
};

struct list_page {
    enum list_result result;
    uint64_t retry_after_ns; /* THROTTLED; 0: none said */
    uint32_t item_count;
    char next[LIST_CURSOR_MAX + 1]; /* of the page behind it; "": this is the last one */
    char code[CODE_TEXT_MAX + 1];
    const void *items; /* private: lies in the scratch and the body, while both are left alone */
    uint32_t list_index;
};

/* Reads strictly: the whole text, no key twice, the items and the mark of the next page there. */
void profile_read_page(const struct profile *profile, struct profile_scratch *scratch,
                       uint32_t list_index, uint16_t http_status, int64_t retry_after_s,
                       const char *body, size_t body_bytes, struct list_page *page);

/* A transfer as the bank lists it. Texts are clean; the longer ones are cut, and then equal none of
   ours. */
struct list_item {
    enum answer answer; /* ACCEPTED, PENDING, REJECTED_LATER, REJECTED_PERSON */
    bool has_key;       /* it is one of our form */
    struct idem_key key;
    int64_t amount_minor;
    char key_text[LIST_TEXT_MAX + 1]; /* as the bank tells it; "": none */
    char reference[BANK_REF_MAX + 1]; /* "": none */
    char from[LIST_TEXT_MAX + 1];
    char to[LIST_TEXT_MAX + 1];
    char currency[LIST_TEXT_MAX + 1];
    char state[CODE_TEXT_MAX + 1]; /* in the bank's words */
};

/* Item `index` of the page. NULL, or what is wrong with it (static): then the list cannot be used.
 */
MUST_USE const char *profile_read_item(const struct profile *profile, const struct list_page *page,
                                       uint32_t index, struct list_item *item);

/* A key as the bank tells it. False: not of this bank's form. What its form leaves out is zero. */
MUST_USE bool profile_read_key(const struct profile *profile, const char *text, size_t text_bytes,
                               struct idem_key *key);
/* The same of one of ours: what the bank's form leaves out becomes zero. */
void profile_cut_key(const struct profile *profile, struct idem_key *key);

#endif
