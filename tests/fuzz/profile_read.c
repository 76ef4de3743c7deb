/*
 * An answer of a bank: "KIND STATUS RETRY_AFTER\n", then the body. KIND: b balance, c collect,
 * p payout (sent); i, j the same two asked for. What is definitive must say, read here another
 * way, exactly what was asked; cut by a byte it must not be definitive any more.
 */
#include <jansson.h>

#include "base/money.h"
#include "base/time.h"
#include "fuzz.h"
#include "unit/wire/rest.h"

#define AMOUNT 700
#define SCRATCH_BYTES 65536

struct asked {
    enum call_kind call_kind;
    enum step_kind step;
    uint16_t status;
    int64_t retry_after_s;
    const char *body;
    size_t body_bytes;
};

static const struct profile *profile;
static struct profile_scratch *scratch;

static bool take_head(const uint8_t *bytes, size_t byte_count, struct asked *asked)
{
    char head[32] = "";
    char kind;
    unsigned status;
    int retry_after_s;
    const char *end = memchr(bytes, '\n', byte_count < sizeof(head) - 1 ? byte_count : 30);
    if (end == NULL)
        return false;
    memcpy(head, bytes, (size_t)(end - (const char *)bytes));
    if (sscanf(head, "%c %3u %6d", &kind, &status, &retry_after_s) != 3 || retry_after_s < -1 ||
        strchr("bcpij", kind) == NULL || kind == 0)
        return false;
    asked->call_kind = kind == 'b'                  ? CALL_BALANCE
                       : kind == 'c' || kind == 'p' ? CALL_TRANSFER
                                                    : CALL_INQUIRY;
    asked->step = kind == 'p' || kind == 'j' ? STEP_PAYOUT : STEP_COLLECT;
    asked->status = (uint16_t)status;
    asked->retry_after_s = retry_after_s;
    asked->body = end + 1;
    asked->body_bytes = byte_count - (size_t)(end + 1 - (const char *)bytes);
    return true;
}

static struct bank_answer read_answer(const struct asked *asked, size_t body_bytes)
{
    struct transfer_order order = rest_order(asked->step, AMOUNT);
    struct bank_answer answer;
    memset(&answer, 0xa5, sizeof(answer));
    profile_read(profile, scratch, asked->call_kind,
                 asked->call_kind == CALL_BALANCE ? NULL : &order, &rest_parties, asked->status,
                 asked->retry_after_s, asked->body, body_bytes, &answer);
    return answer;
}

static bool says(const json_t *object, const char *name, const char *text)
{
    const char *said = json_string_value(json_object_get(object, name));
    return said != NULL && strcmp(said, text) == 0;
}

static bool says_amount(const json_t *object, const char *name, int64_t amount_minor)
{
    const json_t *said = json_object_get(object, name);
    return json_is_integer(said) && json_integer_value(said) == amount_minor;
}

static bool is_our_transfer(const struct asked *asked, const json_t *object)
{
    bool payout = asked->step == STEP_PAYOUT;
    return says(object, "idempotency_key", REST_KEY) && says(object, "account_id", "VA-0001") &&
           says(object, payout ? "destination_account_number" : "destination_account_id",
                payout ? "111-222-333" : "COLLECT-1") &&
           says_amount(object, "amount", AMOUNT) && says(object, "currency", "KRW");
}

static const json_t *the_transfer(const struct asked *asked, const json_t *root)
{
    if (asked->call_kind != CALL_INQUIRY)
        return root;
    const json_t *list = json_object_get(root, "data");
    const json_t *next = json_object_get(root, "next_cursor");
    FUZZ_HOLDS(json_is_array(list) && json_array_size(list) <= 1);
    FUZZ_HOLDS(next == NULL || json_is_null(next));
    return json_array_get(list, 0);
}

/* Every definitive answer, looked at through jansson alone. */
static void check_definitive(const struct asked *asked, const struct bank_answer *answer,
                             const json_t *root)
{
    switch (answer->answer) {
    case ANSWER_BALANCE:
        FUZZ_HOLDS(asked->call_kind == CALL_BALANCE && asked->status / 100 == 2);
        FUZZ_HOLDS(says(root, "account_id", "VA-0001"));
        FUZZ_HOLDS(says_amount(root, "available_balance", answer->balance_minor));
        return;
    case ANSWER_ACCEPTED:
    case ANSWER_PENDING:
        FUZZ_HOLDS(asked->call_kind != CALL_BALANCE && asked->status / 100 == 2);
        FUZZ_HOLDS(is_our_transfer(asked, the_transfer(asked, root)));
        FUZZ_HOLDS(answer->text.bank_ref[0] != 0);
        return;
    case ANSWER_REJECTED_LATER:
    case ANSWER_REJECTED_PERSON:
        FUZZ_HOLDS(asked->call_kind != CALL_BALANCE);
        if (asked->status / 100 == 2)
            FUZZ_HOLDS(is_our_transfer(asked, the_transfer(asked, root)));
        else
            FUZZ_HOLDS(asked->call_kind == CALL_TRANSFER && asked->status >= 400 &&
                       asked->status < 500);
        return;
    case ANSWER_NOT_FOUND:
        FUZZ_HOLDS(asked->call_kind == CALL_INQUIRY && asked->status / 100 == 2);
        FUZZ_HOLDS(the_transfer(asked, root) == NULL);
        return;
    case ANSWER_NOT_DONE:
        FUZZ_HOLDS(asked->status == 401 || asked->status == 429);
        return;
    case ANSWER_IN_DOUBT:
    case ANSWER_CHANGED:
        break;
    }
    CHECK(!"definitive");
}

static void check_texts(const struct bank_answer *answer)
{
    FUZZ_HOLDS(memchr(answer->text.code, 0, sizeof(answer->text.code)) != NULL);
    FUZZ_HOLDS(memchr(answer->text.bank_ref, 0, sizeof(answer->text.bank_ref)) != NULL);
    FUZZ_HOLDS(text_is_clean(answer->text.code, strlen(answer->text.code)));
    FUZZ_HOLDS(text_is_clean(answer->text.bank_ref, strlen(answer->text.bank_ref)));
    FUZZ_HOLDS(answer->retry_after_ns <= 86400 * NS_PER_S);
    FUZZ_HOLDS(answer->throttled == false || answer->answer == ANSWER_NOT_DONE);
}

static void check_answer(const struct asked *asked)
{
    struct bank_answer answer = read_answer(asked, asked->body_bytes);
    struct bank_answer again = read_answer(asked, asked->body_bytes);
    FUZZ_HOLDS(answer.answer == again.answer && answer.balance_minor == again.balance_minor);
    FUZZ_HOLDS(memcmp(&answer.text, &again.text, sizeof(answer.text)) == 0);
    check_texts(&answer);
    if (answer.answer == ANSWER_IN_DOUBT)
        return;
    json_t *root = json_loadb(asked->body, asked->body_bytes, JSON_REJECT_DUPLICATES, NULL);
    FUZZ_HOLDS(json_is_object(root));
    check_definitive(asked, &answer, root);
    json_decref(root);
    size_t whole = asked->body_bytes;
    while (strchr(" \t\r\n", asked->body[whole - 1]) != NULL)
        whole--;
    answer = read_answer(asked, whole - 1);
    FUZZ_HOLDS(answer.answer == ANSWER_IN_DOUBT);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t byte_count)
{
    struct asked asked;
    if (profile == NULL) {
        profile = rest_open();
        scratch = profile_scratch_open(SCRATCH_BYTES);
    }
    if (byte_count > 0 && take_head(bytes, byte_count, &asked))
        check_answer(&asked);
    return 0;
}
