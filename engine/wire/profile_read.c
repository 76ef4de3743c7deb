/* What an answer means: its values, the row of the table that fits, and whether it is about us. */
#include <string.h>

#include "base/money.h"
#include "base/sin.h"
#include "base/text.h"
#include "base/time.h"
#include "wire/profile_form.h"

#define RETRY_AFTER_MAX_S 86400

/* One answer under way. */
struct reading {
    const struct profile *profile;
    const struct transfer_call *call; /* NULL: a balance */
    enum call_kind call_kind;
    uint16_t http_status;
    const struct json_node *root;
    const struct json_node *object; /* the transfer, balance or error; NULL: an empty list */
    const struct form *form;
    struct field_values values;
    struct bank_answer *answer;
};

static void set_doubt(struct bank_answer *answer, const char *code)
{
    answer->answer = ANSWER_IN_DOUBT;
    answer->throttled = false;
    answer->balance_minor = 0;
    answer->fee_minor = 0;
    answer->text.bank_ref[0] = 0;
    text_clean(answer->text.code, sizeof(answer->text.code), code, strlen(code));
}

const struct json_node *profile_find(const struct json_node *value, const struct json_path *path)
{
    if (path->count == 0)
        return NULL;
    for (uint32_t i = 0; i < path->count && value != NULL; i++)
        value = path->segments[i].name != NULL
                    ? json_member(value, path->segments[i].name, path->segments[i].name_bytes)
                    : json_item(value, path->segments[i].index);
    return value;
}

static bool is_kind(const struct json_node *value, enum json_kind kind)
{
    return value != NULL && value->kind == kind;
}

static struct said text_of(const struct json_node *value)
{
    if (!is_kind(value, JSON_KIND_TEXT))
        return (struct said){0};
    return (struct said){.text = value->text, .bytes = value->text_bytes};
}

struct said profile_find_text(const struct json_node *value, const struct json_path *path)
{
    return text_of(profile_find(value, path));
}

static bool is_same(struct said said, const char *text, size_t text_bytes)
{
    return said.text != NULL && said.bytes == text_bytes &&
           memcmp(said.text, text, text_bytes) == 0;
}

bool profile_read_amount(const struct profile *profile, const struct json_node *value,
                         int64_t *amount_minor)
{
    if (!profile->amount_is_text) {
        if (!is_kind(value, JSON_KIND_INTEGER))
            return false;
        *amount_minor = value->integer;
        return *amount_minor >= -MONEY_MAX && *amount_minor <= MONEY_MAX;
    }
    struct said said = text_of(value);
    size_t sign = said.bytes > 0 && said.text[0] == '-';
    if (said.text == NULL || !money_parse(said.text + sign, said.bytes - sign, amount_minor))
        return false;
    if (sign)
        *amount_minor = -*amount_minor;
    return true;
}

uint64_t profile_retry_after_ns(const struct profile *profile, const struct json_node *root,
                                int64_t retry_after_s)
{
    const struct json_node *said = profile_find(root, &profile->retry_after);
    int64_t seconds = is_kind(said, JSON_KIND_INTEGER) ? said->integer : -1;
    if (seconds < retry_after_s)
        seconds = retry_after_s;
    if (seconds > RETRY_AFTER_MAX_S)
        seconds = RETRY_AFTER_MAX_S;
    return seconds > 0 ? (uint64_t)seconds * NS_PER_S : 0;
}

/* The one transfer of a list; NULL with `ok`: the list is empty. */
static const struct json_node *find_listed(const struct reading *r, const char **doubt)
{
    const struct json_node *list = profile_find(r->root, &r->call->list);
    const struct json_node *next = profile_find(r->root, &r->call->next);
    if (!is_kind(list, JSON_KIND_LIST))
        *doubt = "unparsed";
    else if (list->count > 1 || (next != NULL && next->kind != JSON_KIND_NULL))
        *doubt = "many";
    return *doubt == NULL ? json_item(list, 0) : NULL;
}

/* Which part of the answer speaks. An error is told at the root, whatever was called. */
static const char *find_object(struct reading *r)
{
    const char *doubt = NULL;
    r->object = r->root;
    if (r->http_status >= 300)
        r->form = &r->profile->error;
    else if (r->call == NULL)
        r->form = &r->profile->balance_answer;
    else
        r->form = &r->call->answer;
    bool is_list = r->http_status < 300 && r->call_kind == CALL_INQUIRY && r->call->list.count > 0;
    if (is_list)
        r->object = find_listed(r, &doubt);
    if (doubt == NULL && r->object != NULL && r->object->kind != JSON_KIND_OBJECT)
        doubt = "unparsed";
    return doubt;
}

static bool fits(const char *wanted, struct said said)
{
    return wanted == NULL || (said.text != NULL && strlen(wanted) == said.bytes &&
                              memcmp(wanted, said.text, said.bytes) == 0);
}

const struct outcome_row *profile_find_row(const struct profile *profile, enum call_kind call_kind,
                                           uint16_t http_status, bool is_empty, struct said state,
                                           struct said code, struct said bank_code)
{
    for (uint32_t i = 0; i < profile->row_count; i++) {
        const struct outcome_row *row = &profile->rows[i];
        if (row->call == call_kind && row->status == http_status && row->empty == is_empty &&
            fits(row->state, state) && fits(row->code, code) && fits(row->bank_code, bank_code))
            return row;
    }
    return NULL;
}

void profile_keep_text(const struct profile *profile, char *out, size_t capacity, struct said said)
{
    static const char hidden[] = "token_echoed";
    size_t token_bytes = strlen(profile->token);
    if (token_bytes > 0 && memmem(said.text, said.bytes, profile->token, token_bytes) != NULL)
        said = (struct said){.text = hidden, .bytes = sizeof(hidden) - 1};
    text_clean(out, capacity, said.text, said.bytes);
}

/*
 * The most telling of what was said, unless all is well, and the bank's own name of the transfer.
 */
static void keep_texts(struct reading *r, enum answer answer, struct said state, struct said code,
                       struct said bank_code)
{
    struct bank_text *text = &r->answer->text;
    struct said told = bank_code.bytes > 0 ? bank_code : code.bytes > 0 ? code : state;
    struct said reference = profile_find_text(r->object, &r->form->reference);
    if (told.text != NULL && answer != ANSWER_ACCEPTED)
        profile_keep_text(r->profile, text->code, sizeof(text->code), told);
    if (reference.text != NULL)
        profile_keep_text(r->profile, text->bank_ref, sizeof(text->bank_ref), reference);
}

static bool echoes_field(const struct reading *r, const struct echo *echo,
                         const struct json_node *found)
{
    if (echo->field == FIELD_AMOUNT) {
        int64_t amount_minor;
        return profile_read_amount(r->profile, found, &amount_minor) &&
               amount_minor == r->values.amount_minor;
    }
    return is_same(text_of(found), r->values.text[echo->field], r->values.bytes[echo->field]);
}

/* Is the answer about what was asked? `whole`: every echo must be there. Returns the doubt. */
static const char *check_echoes(const struct reading *r, bool whole)
{
    static const char *const codes[FIELD_ECHO_COUNT] = {
        [FIELD_VIRTUAL_ACCOUNT] = "echo_virtual_account",
        [FIELD_FROM] = "echo_from",
        [FIELD_TO] = "echo_to",
        [FIELD_PAYOUT_BANK] = "echo_payout_bank",
        [FIELD_HOLDER_NAME] = "echo_holder_name",
        [FIELD_KEY] = "echo_key",
        [FIELD_AMOUNT] = "echo_amount",
        [FIELD_CURRENCY] = "echo_currency",
    };
    if (SIN(echo_ignored))
        return NULL;
    for (uint32_t i = 0; i < r->form->echo_count; i++) {
        const struct echo *echo = &r->form->echoes[i];
        const struct json_node *found = profile_find(r->object, &echo->path);
        if (found == NULL && (echo->path.optional || !whole))
            continue;
        if (!echoes_field(r, echo, found))
            return codes[echo->field];
    }
    return NULL;
}

static const char *read_balance(struct reading *r)
{
    const char *doubt = check_echoes(r, true);
    if (doubt == NULL && !profile_read_amount(r->profile, profile_find(r->object, &r->form->amount),
                                              &r->answer->balance_minor))
        doubt = "unparsed";
    return doubt;
}

/* The bank has it: then it must name it and say the same as we did. */
static const char *read_taken(struct reading *r)
{
    const char *doubt = check_echoes(r, true);
    if (doubt != NULL)
        return doubt;
    if (r->form->reference.count > 0 && r->answer->text.bank_ref[0] == 0)
        return "no_reference";
    const struct json_node *fee = profile_find(r->object, &r->form->fee);
    if (fee != NULL && fee->kind != JSON_KIND_NULL &&
        (!profile_read_amount(r->profile, fee, &r->answer->fee_minor) || r->answer->fee_minor < 0))
        return "unparsed";
    return NULL;
}

static const char *read_outcome(struct reading *r, const struct outcome_row *row)
{
    r->answer->answer = (enum answer)row->answer;
    r->answer->throttled = row->throttled;
    switch ((enum answer)row->answer) { // uncovered: no row means CHANGED
    case ANSWER_BALANCE:
        return read_balance(r);
    case ANSWER_ACCEPTED:
    case ANSWER_PENDING:
        return read_taken(r);
    case ANSWER_REJECTED_LATER:
    case ANSWER_REJECTED_PERSON:
        // A refusal told as a state is one of our transfer; one told as an error names none.
        return check_echoes(r, row->state != NULL);
    case ANSWER_IN_DOUBT:
    case ANSWER_NOT_FOUND:
    case ANSWER_NOT_DONE:
        return NULL;
    // uncovered: no row means it
    case ANSWER_CHANGED:
        break;
    }
    CHECK(false);
}

static const char *read_root(struct reading *r, int64_t retry_after_s)
{
    r->answer->retry_after_ns = profile_retry_after_ns(r->profile, r->root, retry_after_s);
    const char *doubt = r->root == NULL ? "unparsed" : find_object(r);
    if (doubt != NULL)
        return doubt;
    struct said state = profile_find_text(r->object, &r->form->state);
    struct said code = profile_find_text(r->object, &r->form->code);
    struct said bank_code = profile_find_text(r->object, &r->form->bank_code);
    const struct outcome_row *row = profile_find_row(r->profile, r->call_kind, r->http_status,
                                                     r->object == NULL, state, code, bank_code);
    if (row == NULL)
        return "unlisted";
    keep_texts(r, (enum answer)row->answer, state, code, bank_code);
    return read_outcome(r, row);
}

void profile_read(const struct profile *profile, struct profile_scratch *scratch,
                  enum call_kind call_kind, const struct transfer_order *order,
                  const struct parties *parties, uint16_t http_status, int64_t retry_after_s,
                  const char *body, size_t body_bytes, struct bank_answer *answer)
{
    CHECK((order == NULL) == (call_kind == CALL_BALANCE));
    struct reading r = {.profile = profile, .call_kind = call_kind, .answer = answer};
    r.http_status = http_status;
    memset(answer, 0, sizeof(*answer));
    if (order != NULL) {
        r.call = profile_transfer(profile, order);
        CHECK(r.call != NULL);
    }
    profile_values(profile, order, parties, &r.values);
    r.root = profile_scratch_parse(scratch, body, body_bytes);
    const char *doubt = read_root(&r, retry_after_s);
    if (doubt != NULL)
        set_doubt(answer, doubt);
}
