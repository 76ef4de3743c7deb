/*
 * profile_form: a profile as it lies in memory; shared by the profile_*.c files alone.
 *
 * Everything has its place at load: texts in one pool, templates as literal pieces and fields, so
 * that rendering is copying and reading is looking up.
 */
#ifndef DAYBOOK_WIRE_PROFILE_FORM_H
#define DAYBOOK_WIRE_PROFILE_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/json.h"
#include "wire/profile.h"

#define PROFILE_TEXT_BYTES_MAX 65536U /* of the YAML */
#define POOL_BYTES 32768U             /* of all its texts and literals */
#define PIECES_MAX 512U
#define ROWS_MAX 256U
#define TRANSFERS_MAX 5U /* one for each step that moves money */
#define ECHOES_MAX 8U
#define SEGMENTS_MAX 6U
#define KEY_TEXT_MAX 36U /* a key as a bank wants it: hex or UUID */

/* What a request can say. ECHO: a bank may be asked to repeat it. */
#define FIELD_TABLE(X)                                                                             \
    X(VIRTUAL_ACCOUNT, virtual_account)                                                            \
    X(FROM, from)                                                                                  \
    X(TO, to)                                                                                      \
    X(PAYOUT_BANK, payout_bank)                                                                    \
    X(HOLDER_NAME, holder_name)                                                                    \
    X(KEY, key)                                                                                    \
    X(AMOUNT, amount)                                                                              \
    X(CURRENCY, currency)                                                                          \
    X(STEP, step)                                                                                  \
    X(TRACEPARENT, traceparent)                                                                    \
    X(SINCE, since)                                                                                \
    X(UNTIL, until)                                                                                \
    X(CURSOR, cursor)

enum field {
#define X(name, word) FIELD_##name,
    FIELD_TABLE(X)
#undef X
        FIELD_NONE,
};
#define FIELD_COUNT ((uint32_t)FIELD_NONE)
#define FIELD_ECHO_COUNT ((uint32_t)FIELD_STEP) /* those before it may be echoed */

/* Where a field stands, and so how it is escaped. */
enum place { PLACE_PATH, PLACE_HEADER, PLACE_JSON };

struct piece {
    const char *literal;
    uint16_t literal_bytes;
    uint8_t field; /* enum field, behind the literal */
    uint8_t place; /* enum place */
};

struct template
{
    uint16_t first;
    uint16_t count;
};

struct request {
    const char *method;
    struct template path;    /* without the site's prefix */
    struct template start;   /* "METHOD prefix" */
    struct template site;    /* behind the path: host and authorization */
    struct template headers; /* the profile's own */
    struct template tail;    /* up to the length, or the end of the head */
    struct template body;
    bool has_body;
};

struct json_path {
    struct {
        const char *name; /* NULL: `index` counts */
        size_t name_bytes;
        size_t index;
    } segments[SEGMENTS_MAX];
    uint8_t count; /* 0: not given */
    bool optional;
};

struct echo {
    struct json_path path;
    uint8_t field;
};

/* Where in an answer the values are. */
struct form {
    struct json_path amount; /* of a balance */
    struct json_path reference;
    struct json_path state;
    struct json_path code;
    struct json_path bank_code;
    struct json_path fee;
    struct echo echoes[ECHOES_MAX];
    uint32_t echo_count;
};

/* All transfers of a span of time, page by page; an item is read as an answer is. */
struct listing {
    struct request ask;
    struct template more; /* behind the path, from the second page on */
    struct json_path items;
    struct json_path next;
};

struct transfer_call {
    struct request send;
    struct request ask;
    struct json_path list;
    struct json_path next;
    struct form answer;
    struct listing listing;
    bool has_ask;
    bool has_listing;
};

/* One combination; a row of the YAML with lists becomes several. NULL: whatever it is. */
struct outcome_row {
    const char *state;
    const char *code;
    const char *bank_code;
    uint16_t status;
    uint8_t call;   /* enum call_kind */
    uint8_t answer; /* enum answer */
    bool throttled;
    bool empty;
    uint32_t line; /* which row of the YAML, from 1 */
};

enum key_form { KEY_HEX, KEY_UUID };

struct profile {
    struct bank_rules rules;
    bool amount_is_text;
    enum key_form key_form;
    uint32_t key_digits;

    struct request balance;
    struct form balance_answer;
    struct transfer_call transfers[TRANSFERS_MAX];
    uint32_t transfer_count;
    const struct transfer_call *by_step[STEP_CLOSING + 1][2]; /* [enum step_kind][transfer_kind] */
    struct form error;
    struct json_path retry_after;
    struct outcome_row rows[ROWS_MAX];
    uint32_t row_count;

    /* the site's, in the pool */
    const char *host;
    const char *path_prefix;
    const char *token;
    const char *collection_account;
    const char *suspense_account;
    const char *pool_account;
    const char *currency;

    struct piece pieces[PIECES_MAX];
    uint32_t piece_count;
    char pool[POOL_BYTES];
    uint32_t pool_bytes;

    char *text;
    size_t text_bytes;
    struct digest digest;
};

/* What one call says, made once for rendering and for comparing what came back. */
struct field_values {
    const char *text[FIELD_COUNT];
    size_t bytes[FIELD_COUNT];
    int64_t amount_minor;
    char key[KEY_TEXT_MAX];
    char amount[20];
    char traceparent[56];
};

/* The transfer call of an order, or NULL when the profile has none for its step. */
const struct transfer_call *profile_transfer(const struct profile *profile,
                                             const struct transfer_order *order);
/* The list of that index (profile_list_count), which must be there. */
const struct listing *profile_listing(const struct profile *profile, uint32_t list_index);
/* Where an answer echoes the field, or NULL. */
const struct echo *profile_echo(const struct form *form, enum field field);
/* `order` is NULL for a balance. */
void profile_values(const struct profile *profile, const struct transfer_order *order,
                    const struct parties *parties, struct field_values *values);

/* Names of fields and steps, as the YAML has them; NULL ends each list. */
extern const char *const profile_field_names[FIELD_COUNT + 1];
extern const char *const profile_step_names[];
#define PROFILE_STEP_COUNT 5U
/* The step and kind of profile_step_names[index]. */
void profile_step(uint32_t index, enum step_kind *step, enum transfer_kind *kind);

/* A text of an answer, without a NUL at its end; `text` NULL: none. Valid as its node is. */
struct said {
    const char *text;
    size_t bytes;
};

/* NULL: not there, or `value` is NULL. */
const struct json_node *profile_find(const struct json_node *value, const struct json_path *path);
struct said profile_find_text(const struct json_node *value, const struct json_path *path);
/* In the bank's form: a real, or a number where text is agreed, is not an amount. */
MUST_USE bool profile_read_amount(const struct profile *profile, const struct json_node *value,
                                  int64_t *amount_minor);
/* In nanoseconds: the header's word (seconds, -1: none) and the body's, the longer of the two. */
uint64_t profile_retry_after_ns(const struct profile *profile, const struct json_node *root,
                                int64_t retry_after_s);
/* The first row that fits, NULL: none. */
const struct outcome_row *profile_find_row(const struct profile *profile, enum call_kind call_kind,
                                           uint16_t http_status, bool is_empty, struct said state,
                                           struct said code, struct said bank_code);
/* What a bank says becomes a record: cleaned, and never with our token in it. */
void profile_keep_text(const struct profile *profile, char *out, size_t capacity, struct said said);

/*
 * The whole text as one JSON object or list without duplicate names, or NULL. It lies in the
 * scratch, until the next call, and its texts lie there or in `text`.
 */
const struct json_node *profile_scratch_parse(struct profile_scratch *scratch, const char *text,
                                              size_t text_bytes);

#endif
