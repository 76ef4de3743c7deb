/* Every part of a profile, wrong in every way that its reader tells apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <unistd.h>

#include "rest.h"

/* Amounts and keys as texts, nothing asked for, no reference: all that the shipped one is not. */
#define SMALL_HEAD                                                                                 \
    "name: small\nauth: none\namount: string\nkey: {form: uuid}\nkey_lifetime: 24h\n"              \
    "repeat_delay: 1s\ncall_timeout: 10s\nprocessing_time: 30s\nlinger: 5s\npoll_interval: 60s\n"  \
    "limits: {rate: 10, burst: 2, calls_in_flight: 4}\nlater: {wait: 1min, tries: 1}\n"            \
    "balance:\n  ask: {method: GET, path: '/a/{virtual_account}/{currency}'}\n"                    \
    "  answer: {amount: b, echo: {virtual_account: id}}\n"
#define SMALL_SEND                                                                                 \
    "    send: {method: POST, path: /t, headers: {X-Name: '{holder_name}'},\n"                     \
    "      body: {k: '{key}', n: '{amount}', to: '{to}', at: '{payout_bank}', z: 0, o: 01, t: "    \
    "10,\n"                                                                                        \
    "             m: -5, e: '', l: [1, {x: []}, {}]}}\n"
#define SMALL_ANSWER "    answer: {state: s, bank_code: c, echo: {key: k, amount: 'n?'}}\n"
#define SMALL_ROWS                                                                                 \
    "outcomes:\n- {call: balance, status: 200, outcome: balance}\n"                                \
    "- {call: [transfer, inquiry], status: 200, state: ok, outcome: accepted}\n"                   \
    "- {call: transfer, status: 200, bank_code: closed, outcome: rejected_person}\n"
#define SMALL                                                                                      \
    SMALL_HEAD                                                                                     \
    "inquiry: none\ntransfers:\n  t:\n    steps: [collect, payout]\n" SMALL_SEND SMALL_ANSWER      \
    "error: {code: c}\n" SMALL_ROWS
/* Asked for by key, but not as a list. */
#define SMALL_ASKED                                                                                \
    SMALL_HEAD "inquiry: by_key\ntransfers:\n  t:\n    steps: [collect, payout]\n" SMALL_SEND      \
               "    ask: {method: GET, path: '/t/{key}'}\n" SMALL_ANSWER                           \
               "error: {code: c}\n" SMALL_ROWS                                                     \
               "- {call: inquiry, status: 404, code: gone, outcome: not_found}\n"

static struct profile *load_text(const char *text, const struct profile_site *site,
                                 char error[PROFILE_ERROR_BYTES])
{
    char file[] = "/tmp/daybook-profile-XXXXXX";
    int fd = mkstemp(file);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    struct profile *profile = profile_load(file, site, error);
    unlink(file);
    return profile;
}

static struct profile *open_text(const char *text)
{
    char error[PROFILE_ERROR_BYTES];
    struct profile *profile = load_text(text, &rest_site, error);
    if (profile == NULL)
        fail_msg("%s", error);
    return profile;
}

/* The text with the first `from` replaced; NULL for `said`: it is taken. */
static void check_changed(const char *text, const char *from, const char *to, const char *said)
{
    static char changed[200000];
    char error[PROFILE_ERROR_BYTES] = "";
    const char *at = strstr(text, from);
    if (at == NULL)
        fail_msg("there is no `%s`", from);
    snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    struct profile *profile = load_text(changed, &rest_site, error);
    if (said == NULL ? profile == NULL : profile != NULL || strstr(error, said) == NULL)
        fail_msg("`%.60s` for `%.60s` gives `%s`, not `%s`", to, from, error, said);
    profile_close(profile);
}

struct change {
    const char *from;
    const char *to;
    const char *said;
};

static void check_shipped(const struct change *rows, size_t count)
{
    char *text = rest_text();
    for (size_t i = 0; i < count; i++)
        check_changed(text, rows[i].from, rows[i].to, rows[i].said);
    free(text);
}
#define CHECK_SHIPPED(rows) check_shipped(rows, sizeof(rows) / sizeof(rows[0]))

static void check_small(const struct change *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        check_changed(SMALL, rows[i].from, rows[i].to, rows[i].said);
}
#define CHECK_SMALL(rows) check_small(rows, sizeof(rows) / sizeof(rows[0]))

/* So many times, one behind the other; to be freed. */
static char *repeat(const char *head, const char *again, size_t times, const char *tail)
{
    size_t room = strlen(head) + strlen(again) * times + strlen(tail) + 1;
    char *text = malloc(room);
    assert_non_null(text);
    char *at = stpcpy(text, head);
    for (size_t i = 0; i < times; i++)
        at = stpcpy(at, again);
    strcpy(at, tail);
    return text;
}

static void rules_are_read_one_by_one(void **state)
{
    (void)state;
    static const struct change rows[] = {
        {"processing_time: 30s", "processing_time: soon", "here must be a duration"},
        {"processing_time: 30s", "processing_time: [30s]", "here must be one value"},
        {"call_timeout: 10s", "call_timeout: 0s", "no call can be answered in no time"},
        {"limits: {rate: 100, burst: 20, calls_in_flight: 64}\n", "", "`limits` is missing"},
        {"limits: {rate: 100, burst: 20, calls_in_flight: 64}", "limits: 5", "keys and values"},
        {"burst: 20", "burst: 0", "here must be a whole number"},
        {"rate: 100", "rate: 0", "here must be a whole number"},
        {"later: {wait: 15min, tries: 3}\n", "", "`later` is missing"},
        {"later: {wait: 15min, tries: 3}", "later: {wait: x, tries: 3}", "a duration"},
        {"later: {wait: 15min, tries: 3}", "later: {waits: x}", "unknown key"},
        {"later: {wait: 15min, tries: 3}", "later: {wait: 15min, tries: 101}", "whole number"},
        {"key: {form: hex, length: 32}\n", "", "`key` is missing"},
        {"key: {form: hex, length: 32}", "key: 5", "keys and values"},
        {"key: {form: hex, length: 32}", "key: {form: uid}", "unknown word"},
        {"key: {form: hex, length: 32}", "key: {form: uuid, length: 32}", "take this out"},
        {"key: {form: hex, length: 32}", "key: {form: uuid}", NULL},
        {"name: rest", "? [a]\n: b\nname: rest", "here must be one value"},
        {"name: rest-idempotency-key", "name: \"\"", "here must be one value"},
        {"name: rest-idempotency-key", "name: ''", "here must be one value"},
    };
    CHECK_SHIPPED(rows);
}

static void calls_are_read_one_by_one(void **state)
{
    (void)state;
    static const struct change rows[] = {
        {"balance:\n  ask:", "balanc:\n  ask:", "unknown key"},
        {"    amount: available_balance", "    code: c", "`amount` is missing"},
        {"steps: [payout]", "steps: []", "the list is empty"},
        {"inquiry: by_key", "inquiry: repeat", "take `ask` out"},
        {"list: data", "list: a..b", "here must be a path"},
        {"list: data", "lists: data", "unknown key"},
        {"next: next_cursor", "next: a]", "here must be a path"},
        {"method: GET\n    path: /acc", "method: GOT\n    path: /acc", "unknown word"},
        {"path: /accounts/{virtual_account}/balance", "path: [a]", "here must be one value"},
        {"path: /accounts/{virtual_account}/balance", "body: {}", "`path` is missing"},
        {"path: /accounts/{virtual_account}/balance", "path: /{key}", "a balance has no field"},
        {"path: /account_transfers\n", "path: /{zzzzzzzzzzz}\n", "README.md lists the fields"},
        {"path: /account_transfers\n",
         "path: /{aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}\n",
         "unknown field"},
        {"path: /account_transfers\n", "path: /a b\n", "cannot stand here"},
        {"path: /account_transfers\n", "path: /\xc3\xa9\n", "only printable ASCII"},
        {"path: /account_transfers\n", "path: '/a\"b'\n", "cannot stand here"},
        {"Idempotency-Key: \"{key}\"", "Idempotency-Key: \"\xc3\xa9\"", "only printable ASCII"},
        {"Idempotency-Key: \"{key}\"", "Idempotency-Key: \"}\"", "cannot stand here"},
        {"        Idempotency-Key: \"{key}\"\n        traceparent: \"{traceparent}\"",
         "        - a", "here must be headers"},
        {"Idempotency-Key: \"{key}\"", "X: [a]", "here must be one value"},
        {"Idempotency-Key: \"{key}\"", "Xoxo: a", NULL},
        {"Idempotency-Key: \"{key}\"", "hOST: a", "is added by daybook"},
        {"Idempotency-Key: \"{key}\"", "'a/': a", "letters, digits"},
        {"Idempotency-Key: \"{key}\"", "'a:': a", "letters, digits"},
        {"Idempotency-Key: \"{key}\"", "'a@': a", "letters, digits"},
        {"Idempotency-Key: \"{key}\"", "'a[': a", "letters, digits"},
        {"Idempotency-Key: \"{key}\"", "'a`': a", "letters, digits"},
        {"Idempotency-Key: \"{key}\"", "'a{': a", "letters, digits"},
        {"Idempotency-Key: \"{key}\"", "a_Z09-z: a", NULL},
        {"description: daybook {step}", "description: &a x\n        d: *a", "aliases"},
        {"description: daybook {step}", "description: &a x\n        d: [*a, b]", "aliases"},
        {"description: daybook {step}", "d: [[[[[[[[[[a]]]]]]]]]]", "nested too deep"},
        {"description: daybook {step}", "d: {a: {a: {a: {a: {a: {a: {a: {a: {a: b}}}}}}}}}",
         "nested too deep"},
        {"description: daybook {step}", "? [a]\n        : b", "here must be one value"},
    };
    CHECK_SHIPPED(rows);
}

static void the_balance_is_read_part_by_part(void **state)
{
    (void)state;
#define ASK "ask: {method: GET, path: '/a/{virtual_account}/{currency}'}"
#define ANSWER "answer: {amount: b, echo: {virtual_account: id}}"
    static const struct change rows[] = {
        {"balance:\n  " ASK "\n  " ANSWER "\n", "", "`balance` is missing"},
        {"balance:\n  " ASK "\n  " ANSWER "\n", "balance: 5\n", "keys and values"},
        {"  " ASK "\n", "", "`ask` is missing"},
        {"  " ANSWER "\n", "", "`answer` is missing"},
        {ASK, "ask: {methd: GET}", "unknown key"},
        {ASK, "ask: {method: GET}", "`path` is missing"},
        {ASK, "ask: {method: GET, path: x}", "a path begins with"},
    };
#undef ASK
#undef ANSWER
    CHECK_SMALL(rows);
}

static void places_in_answers_are_paths(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "'a[1234]'", "'a[/]'", "'a[:]'",        "'a['",    "'a[1'",
        "'a[]'",     "a]",     "'a.[0]'",       "'a[0]b'", "a.",
        "a..b",      "'.'",    "a.b.c.d.e.f.g", "'a?b'",   "'?'",
        "'a?'",      "[a]",    "{b: c}",        "'[0]]'",  "'a[0].b[1].c[2]d'",
    };
    static const char *const places[] = {
        "amount: available_balance",
        "reference: id",
        "state: status",
        "bank_code: failure_code",
        "fee: fee",
        "code: type",
        "bank_code: code\n  retry_after",
        "retry_after: retry_after",
    };
    char *text = rest_text();
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        char key[64];
        snprintf(key, sizeof(key), "%.*s", (int)(strchr(places[i], ':') - places[i]), places[i]);
        for (size_t j = 0; j < sizeof(bad) / sizeof(bad[0]); j++) {
            char to[128];
            const char *rest = strchr(places[i], '\n');
            snprintf(to, sizeof(to), "%s: %s%s", key, bad[j], rest == NULL ? "" : rest);
            check_changed(text, places[i], to, "");
        }
    }
    static const char *const good[] = {"'a[999].b'", "a.b.c.d.e.f", "'[0][1]'", "'a[0][1].b'"};
    for (size_t j = 0; j < sizeof(good) / sizeof(good[0]); j++) {
        char to[128];
        snprintf(to, sizeof(to), "fee: %s", good[j]);
        check_changed(text, "fee: fee", to, NULL);
    }
    free(text);
    static const struct change rows[] = {
        {"answer: {amount: b, ", "answer: {amount: b, code: a..b, ", "here must be a path"},
        {"answer: {amount: b, ", "answer: {amount: b, bank_code: a..b, ", "here must be a path"},
        {"answer: {amount: b, ", "answer: {amount: b, x: y, ", "unknown key"},
        {"answer: {state: s, ", "answer: {state: s, code: a..b, ", "here must be a path"},
        {"answer: {state: s, ", "answer: {state: s, x: y, ", "unknown key"},
        {"error: {code: c}", "error: {code: c, x: y}", "unknown key"},
        {"echo: {key: k,", "echo: {key: a..b,", "here must be a path"},
        {"echo: {key: k,", "echo: {x: k,", "unknown key"},
    };
    CHECK_SMALL(rows);
}

static void outcomes_are_read_one_by_one(void **state)
{
    (void)state;
#define FIRST "- {call: balance, status: 200, outcome: balance}\n"
    static const struct change rows[] = {
        {FIRST, "- {status: 200, outcome: balance}\n", "`call` is missing"},
        {FIRST, "- {call: [], status: 200, outcome: balance}\n", "the list is empty"},
        {FIRST, "- {call: [balance, balance, transfer, inquiry], status: 200, outcome: balance}\n",
         "there are three calls only"},
        {FIRST, "- {call: balance, outcome: balance}\n", "`status` is missing"},
        {FIRST, "- {call: balance, status: [], outcome: balance}\n", "the list is empty"},
        {FIRST, "- {call: balance, status: 99, outcome: balance}\n", "whole number"},
        {FIRST, "- {call: balance, status: 200, state: [], outcome: balance}\n", "leave `state`"},
        {FIRST, "- {call: balance, status: 200, state: [{a: b}], outcome: balance}\n", "one value"},
        {FIRST, "- {call: balance, status: 200, code: [{a: b}], outcome: balance}\n", "one value"},
        {FIRST, "- {call: balance, status: 200, bank_code: {a: b}, outcome: balance}\n",
         "one value"},
        {FIRST, "- {call: balance, status: 200, code: x, outcome: in_doubt}\n" FIRST,
         "no `code` is read from such an answer"},
        {FIRST, "- {call: inquiry, status: 200, empty: true, outcome: not_found}\n" FIRST,
         "no `ask` has a list"},
        {FIRST, "", "a row is missing"},
        {"- {call: [transfer, inquiry], status: 200, state: ok, outcome: accepted}\n", "",
         "a row is missing"},
        {"- {call: transfer, status: 200, bank_code: closed", "- {call: transfer, status: 200",
         "a status alone does not tell that"},
    };
    static const struct change whole[] = {{SMALL_ROWS, "outcomes: 5\n", "here must be a list"}};
    CHECK_SMALL(rows);
    CHECK_SMALL(whole);
    char *values = repeat("- {call: balance, status: 200, state: [", "a, ", 40,
                          "b], outcome: in_doubt}\n" FIRST);
    check_changed(SMALL, FIRST, values, "too many values");
    free(values);
    values = repeat("- {call: balance, status: [", "400, ", 40, "401], outcome: in_doubt}\n" FIRST);
    check_changed(SMALL, FIRST, values, "too many values");
    free(values);
#undef FIRST
}

static void what_is_too_much_is_refused(void **state)
{
    (void)state;
    char *text = rest_text();
    char *big = repeat("amount: ", "a", 33000, "");
    check_changed(text, "amount: available_balance", big, "the profile is too large");
    free(big);
    // The next thing kept is a piece of a request.
    big = repeat("amount: ", "a", 32500, "");
    check_changed(text, "amount: available_balance", big, "the profile is too large");
    free(big);
    big = repeat("code: ", "a", 33000, "");
    check_changed(text, "code: object_not_found_error", big, "the profile is too large");
    free(big);
    big = repeat("description: '", "{currency}", 520, "'");
    check_changed(text, "description: daybook {step}", big, "too many");
    free(big);
    char rows[4096] =
        "outcomes:\n  - {call: [balance, transfer, inquiry], outcome: in_doubt, status: "
        "[400, 401, 402, 403, 404, 405, 406, 407], code: [";
    for (int i = 0; i < 15; i++)
        snprintf(rows + strlen(rows), sizeof(rows) - strlen(rows), "%sc%d", i == 0 ? "" : ", ", i);
    strcat(rows, "]}\n");
    check_changed(text, "outcomes:\n", rows, "more than 256 combinations");
    free(text);
    static const char more[] = "  a: {steps: collect, send: {method: POST, path: /t}, answer: {}}\n"
                               "  b: {steps: hold, send: {method: POST, path: /t}, answer: {}}\n"
                               "  c: {steps: payout, send: {method: POST, path: /t}, answer: {}}\n"
                               "  d: {steps: undo_hold, send: {method: POST, path: /t}, answer: "
                               "{}}\n"
                               "  e: {steps: undo_collect, send: {method: POST, path: /t}, answer: "
                               "{}}\n"
                               "  t:\n";
    check_changed(SMALL, "  t:\n", more, "more transfers than steps");
}

static void sites_are_held_to_their_letters(void **state)
{
    (void)state;
    static const struct {
        const char *host, *prefix, *currency, *pool;
        const char *said;
    } rows[] = {
        {"a", "", "KRW", NULL, NULL},
        {"a\x7f", "", "KRW", NULL, "host"},
        {"a\xc3\xa9", "", "KRW", NULL, "host"},
        {"a b", "", "KRW", NULL, "host"},
        {"a", "/aZ09-._~/z", "KRW", NULL, NULL},
        {"a", "/:", "KRW", NULL, "path prefix"},
        {"a", "/@", "KRW", NULL, "path prefix"},
        {"a", "/[", "KRW", NULL, "path prefix"},
        {"a", "/{", "KRW", NULL, "path prefix"},
        {"a", "/!", "KRW", NULL, "path prefix"},
        {"a", "a/b", "KRW", NULL, "path prefix"},
        {"a", "/a/", "KRW", NULL, "path prefix"},
        {"a", "", "KR[", NULL, "currency"},
        {"a", "", "KR1", NULL, "currency"},
        {"a", "", "KRW", "P-1", "pools none"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct profile_site site = rest_site;
        char error[PROFILE_ERROR_BYTES];
        site.host = rows[i].host;
        site.path_prefix = rows[i].prefix;
        site.currency = rows[i].currency;
        site.pool_account = rows[i].pool;
        struct profile *profile = load_text(SMALL, &site, error);
        if (rows[i].said == NULL ? profile == NULL
                                 : profile != NULL || strstr(error, rows[i].said) == NULL)
            fail_msg("row %zu: %s", i, error);
        profile_close(profile);
    }
}

/* A bank that takes no such name in a header gets no request at all; so for what was not agreed. */
static void what_cannot_be_rendered_is_not_sent(void **state)
{
    (void)state;
    static const char *const names[] = {"김하나", "a\x1f", "a\x7f"};
    struct profile *profile = open_text(SMALL);
    struct hash *hash = hash_open();
    struct transfer_order order = rest_order(STEP_COLLECT, 700);
    struct parties parties = rest_parties;
    char out[REQUEST_BYTES_MAX];
    strcpy(parties.holder_name, "Kim");
    parties.payout_bank[0] = 0;
    assert_true(profile_render(profile, CALL_TRANSFER, &order, &parties, out).bytes > 0);
    assert_int_equal(profile_render(profile, CALL_INQUIRY, &order, &parties, out).bytes, 0);
    struct digest nothing = hash_once(hash, "", 0);
    struct digest body = profile_body_digest(profile, hash, &order, &parties);
    assert_memory_not_equal(&body, &nothing, sizeof(body));
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        strcpy(parties.holder_name, names[i]);
        assert_int_equal(profile_render(profile, CALL_TRANSFER, &order, &parties, out).bytes, 0);
    }
    order = rest_order(STEP_HOLD, 700);
    assert_int_equal(profile_render(profile, CALL_TRANSFER, &order, &parties, out).bytes, 0);
    body = profile_body_digest(profile, hash, &order, &parties);
    assert_memory_equal(&body, &nothing, sizeof(body));
    order = rest_order(STEP_PAYOUT, 700);
    parties.payout_account[0] = 0x7f;
    body = profile_body_digest(profile, hash, &order, &parties);
    assert_memory_equal(&body, &nothing, sizeof(body));
    parties.payout_account[0] = 0x1f;
    body = profile_body_digest(profile, hash, &order, &parties);
    assert_memory_equal(&body, &nothing, sizeof(body));
    hash_close(hash);
    profile_close(profile);
}

static void what_an_answer_lacks_is_in_doubt(void **state)
{
    (void)state;
    static const struct {
        enum call_kind call_kind;
        const char *body;
        enum answer answer;
    } rows[] = {
        {CALL_BALANCE, "{\"id\":\"VA-0001\",\"b\":\"5\"}", ANSWER_BALANCE},
        {CALL_BALANCE, "{\"id\":\"VA-0001\"}", ANSWER_IN_DOUBT},
        {CALL_BALANCE, "{\"id\":\"VA-0001\",\"b\":5}", ANSWER_IN_DOUBT},
        {CALL_BALANCE, "{\"b\":\"5\"}", ANSWER_IN_DOUBT},
        {CALL_TRANSFER, "{\"c\":\"closed\"}", ANSWER_REJECTED_PERSON},
        {CALL_TRANSFER, "{\"c\":\"closed\",\"k\":\"another\"}", ANSWER_IN_DOUBT},
    };
    struct profile *profile = open_text(SMALL);
    struct profile_scratch *scratch = profile_scratch_open(65536);
    struct transfer_order order = rest_order(STEP_COLLECT, 700);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bank_answer answer;
        profile_read(profile, scratch, rows[i].call_kind,
                     rows[i].call_kind == CALL_BALANCE ? NULL : &order, &rest_parties, 200, -1,
                     rows[i].body, strlen(rows[i].body), &answer);
        assert_int_equal(answer.answer, rows[i].answer);
    }
    profile_scratch_close(scratch);
    profile_close(profile);
}

static void a_text_at_hand_is_a_profile_too(void **state)
{
    (void)state;
    char error[PROFILE_ERROR_BYTES];
    struct profile *profile = profile_load_text("kept", SMALL, strlen(SMALL), &rest_site, error);
    assert_non_null(profile);
    size_t text_bytes;
    assert_memory_equal(profile_text(profile, &text_bytes), SMALL, sizeof(SMALL) - 1);
    assert_int_equal(text_bytes, sizeof(SMALL) - 1);
    profile_close(profile);
    assert_null(profile_load_text("kept", "nmae: x\n", 8, &rest_site, error));
    assert_memory_equal(error, "kept:1:1: ", 10);
    char *big = repeat("", "# ", 32769, "");
    assert_null(profile_load_text("kept", big, strlen(big), &rest_site, error));
    assert_string_equal(error, "kept: is larger than 64 KiB; a profile is not");
    free(big);
}

static void an_inquiry_may_be_answered_by_one_object(void **state)
{
    (void)state;
    static const struct {
        uint16_t status;
        const char *body;
        enum answer answer;
    } rows[] = {
        {200, "{\"s\":\"ok\",\"k\":\"00010203-0405-0607-0809-0a0b0c0d0eff\",\"n\":\"700\"}",
         ANSWER_ACCEPTED},
        {200, "{\"s\":\"ok\",\"k\":\"00010203-0405-0607-0809-0a0b0c0d0eff\"}", ANSWER_ACCEPTED},
        {200, "{\"s\":\"ok\",\"k\":\"00010203-0405-0607-0809-0a0b0c0d0eff\",\"n\":700}",
         ANSWER_IN_DOUBT},
        {200, "{\"s\":\"ok\",\"n\":\"700\"}", ANSWER_IN_DOUBT},
        {200, "[5]", ANSWER_IN_DOUBT},
        {404, "{\"c\":\"gone\"}", ANSWER_NOT_FOUND},
    };
    struct profile *profile = open_text(SMALL_ASKED);
    struct profile_scratch *scratch = profile_scratch_open(65536);
    struct transfer_order order = rest_order(STEP_COLLECT, 700);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bank_answer answer;
        profile_read(profile, scratch, CALL_INQUIRY, &order, &rest_parties, rows[i].status, -1,
                     rows[i].body, strlen(rows[i].body), &answer);
        assert_int_equal(answer.answer, rows[i].answer);
    }
    profile_scratch_close(scratch);
    profile_close(profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_are_read_one_by_one),
        cmocka_unit_test(calls_are_read_one_by_one),
        cmocka_unit_test(the_balance_is_read_part_by_part),
        cmocka_unit_test(places_in_answers_are_paths),
        cmocka_unit_test(outcomes_are_read_one_by_one),
        cmocka_unit_test(what_is_too_much_is_refused),
        cmocka_unit_test(sites_are_held_to_their_letters),
        cmocka_unit_test(what_cannot_be_rendered_is_not_sent),
        cmocka_unit_test(a_text_at_hand_is_a_profile_too),
        cmocka_unit_test(an_inquiry_may_be_answered_by_one_object),
        cmocka_unit_test(what_an_answer_lacks_is_in_doubt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
