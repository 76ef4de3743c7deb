#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/time.h"
#include "rest.h"

/* "line:col" of the first `at` from the changed line on, or of the first in the file. */
static void find_place(const char *file, const char *to, const char *at, char place[32])
{
    static char text[65536];
    FILE *stream = fopen(file, "r");
    text[fread(text, 1, sizeof(text) - 1, stream)] = 0;
    fclose(stream);
    const char *changed = strstr(text, to);
    while (changed > text && changed[-1] != '\n')
        changed--;
    const char *found = strstr(changed, at);
    if (found == NULL)
        found = strstr(text, at);
    assert_non_null(found);
    int line = 1;
    const char *begin = text;
    for (const char *c = text; c < found; c++)
        if (*c == '\n') {
            line++;
            begin = c + 1;
        }
    snprintf(place, 32, "%d:%d", line, (int)(found - begin) + 1);
}

/* The shipped profile with `from` replaced is refused, where `at` stands, with this message. */
static void assert_refused(const char *from, const char *to, const char *at, const char *message)
{
    char file[64];
    char error[PROFILE_ERROR_BYTES];
    char place[32];
    char wanted[PROFILE_ERROR_BYTES + 128];
    rest_write(file, from, to);
    find_place(file, to, at, place);
    struct profile *profile = profile_load(file, &rest_site, error);
    snprintf(wanted, sizeof(wanted), "%s:%s: %s", file, place, message);
    if (profile != NULL)
        fail_msg("`%s` is taken, but should be refused: %s", to, message);
    assert_string_equal(error, wanted);
    unlink(file);
}

struct refusal {
    const char *from;
    const char *to;
    const char *at;
    const char *message;
};

static void assert_all_refused(const struct refusal *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_refused(rows[i].from, rows[i].to, rows[i].at, rows[i].message);
}
#define ASSERT_ALL_REFUSED(rows) assert_all_refused(rows, sizeof(rows) / sizeof(rows[0]))

static void the_shipped_profile_has_its_rules(void **state)
{
    (void)state;
    struct profile *profile = rest_open();
    const struct bank_rules *rules = profile_rules(profile);
    assert_int_equal(rules->rate_per_s, 100);
    assert_int_equal(rules->burst, 20);
    assert_int_equal(rules->calls_max, 64);
    assert_int_equal(rules->inquiry, INQUIRY_BY_KEY);
    assert_true(rules->call_timeout_ns == 10 * NS_PER_S);
    assert_true(rules->processing_ns == 30 * NS_PER_S);
    assert_true(rules->linger_ns == AT_NEVER);
    assert_true(rules->key_lifetime_ns == AT_NEVER);
    assert_true(rules->repeat_delay_ns == 0);
    assert_true(rules->poll_interval_ns == 60 * NS_PER_S);
    assert_true(rules->later_wait_ns == 900 * NS_PER_S);
    assert_int_equal(rules->later_tries, 3);
    profile_close(profile);
}

static void durations_have_units(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t ns;
    } rows[] = {
        {"500ms", 500 * NS_PER_MS},       {"0s", 0},
        {"20s", 20 * NS_PER_S},           {"15min", 900 * NS_PER_S},
        {"24h", 86400 * NS_PER_S},        {"30d", 30 * 86400 * NS_PER_S},
        {"366d", 366 * 86400 * NS_PER_S}, {"unknown", AT_NEVER},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char file[64];
        char to[64];
        snprintf(to, sizeof(to), "linger: %s", rows[i].text);
        rest_write(file, "linger: unknown", to);
        struct profile *profile = rest_open_file(file);
        assert_true(profile_rules(profile)->linger_ns == rows[i].ns);
        profile_close(profile);
        unlink(file);
    }
    static const char *const bad[] = {"20",   "s",     "20 s", "1.5s", "-1s",
                                      "20S",  "20sec", "367d", "1m",   "99999999999999999999s",
                                      "never"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char to[64];
        snprintf(to, sizeof(to), "linger: %s", bad[i]);
        assert_refused("linger: unknown", to, to + 8,
                       "here must be a duration up to 366d, as 500ms, 20s, 15min, 24h, or "
                       "unknown");
    }
}

static void the_text_is_kept_with_its_digest(void **state)
{
    (void)state;
    struct profile *profile = rest_open();
    struct hash *hash = hash_open();
    char *text = rest_text();
    size_t kept_bytes;
    const char *kept = profile_text(profile, &kept_bytes);
    assert_int_equal(kept_bytes, strlen(text));
    assert_memory_equal(kept, text, kept_bytes);
    struct digest expected = hash_once(hash, text, strlen(text));
    struct digest digest = profile_digest(profile);
    assert_memory_equal(digest.bytes, expected.bytes, DIGEST_BYTES);
    free(text);
    hash_close(hash);
    profile_close(profile);
}

static void unknown_keys_and_words_are_refused_with_a_hint(void **state)
{
    (void)state;
    static const struct refusal rows[] = {
        {"poll_interval: 60s", "poll_intervall: 60s", "poll_intervall",
         "unknown key `poll_intervall`; did you mean `poll_interval`?"},
        {"burst: 20,", "brust: 20,", "brust", "unknown key `brust`; did you mean `burst`?"},
        {"inquiry: by_key", "inquiry: by-key", "by-key",
         "unknown word `by-key`; did you mean `by_key`?"},
        {"auth: bearer", "auth: oauth", "oauth", "unknown word `oauth`; allowed are: bearer, none"},
        {"      reference: id", "      referenz: id", "referenz",
         "unknown key `referenz`; did you mean `reference`?"},
        {"steps: [payout]", "steps: [payot]", "payot",
         "unknown word `payot`; did you mean `payout`?"},
        {"outcome: throttled", "outcome: throttle", "throttle",
         "unknown word `throttle`; did you mean `throttled`?"},
        {"call: balance,", "call: balanse,", "balanse",
         "unknown word `balanse`; did you mean `balance`?"},
        {"        key: idempotency_key", "        kee: idempotency_key",
         "kee:", "unknown key `kee`; did you mean `key`?"},
        {"\"{from}\"", "\"{form}\"", "{form}", "unknown field `{form}`; did you mean `{from}`?"},
        {"\"{from}\"", "\"{time}\"", "{time}",
         "unknown field `{time}`; ops/banks/README.md lists the fields"},
        {"/accounts/{virtual_account}/", "/accounts/{from}/", "/accounts/{from}",
         "a balance has no field `{from}`; use `{virtual_account}`, `{currency}`"},
    };
    ASSERT_ALL_REFUSED(rows);
}

static void missing_parts_are_refused(void **state)
{
    (void)state;
    static const struct refusal rows[] = {
        {"name: rest-idempotency-key\n", "", "auth: bearer", "`name` is missing; add it"},
        {"rate: 100, ", "", "{burst", "`rate` is missing; add it"},
        {"    amount: available_balance\n", "", "echo:", "`amount` is missing; add it"},
        {"      method: POST\n", "", "path: /account_transfers", "`method` is missing; add it"},
        {"    steps: [payout]\n    send:\n", "    send: # it\n",
         "send:", "`steps` is missing; add it"},
        {"outcome: balance}", "}", "{call: balance", "`outcome` is missing; add it"},
        {"name: rest-idempotency-key",
         "name:", "name:", "`name` has no value; give it one, or take it out"},
        {"{rate: 100", "{rate: ", "rate: ,", "`rate` has no value; give it one, or take it out"},
        {"destination_account_id: \"{to}\"", "destination_account_id:", "destination_account_id:",
         "`destination_account_id` has no value; give it one, or take it out"},
        {"traceparent: \"{traceparent}\"",
         "traceparent:", "traceparent:", "`traceparent` has no value; give it one, or take it out"},
        {"  account_transfer:        # inside the bank", "  empty:\n  account_transfer:", "empty:",
         "`empty` has no value; give it one, or take it out"},
        {"steps: [payout]", "steps: []", "[]", "the list is empty; name a step"},
        {"steps: [collect, hold,", "steps: [hold,",
         "account_transfer:", "no transfer has the step `collect`; name it in one"},
        {"  - {call: inquiry, status: 200, empty: true, outcome: not_found}\n", "",
         "- {call: balance", "a row is missing; add `{call: inquiry, …, outcome: not_found}`"},
        {"  - {call: balance, status: 200, outcome: balance}\n", "", "- {call: [transfer",
         "a row is missing; add `{call: balance, …, outcome: balance}`"},
    };
    ASSERT_ALL_REFUSED(rows);
}

static void wrong_values_are_refused(void **state)
{
    (void)state;
    static const struct refusal rows[] = {
        {"rate: 100", "rate: 0", "0,", "here must be a whole number from 1 to 1000000"},
        {"rate: 100", "rate: 1e3", "1e3", "here must be a whole number from 1 to 1000000"},
        {"rate: 100", "rate: -5", "-5", "here must be a whole number from 1 to 1000000"},
        {"rate: 100", "rate: [1]", "[1]", "here must be one value"},
        {"calls_in_flight: 64", "calls_in_flight: 16385", "16385",
         "here must be a whole number from 1 to 16384"},
        {"length: 32", "length: 19", "19}", "here must be a whole number from 20 to 32"},
        {"length: 32", "length: 33", "33}", "here must be a whole number from 20 to 32"},
        {"form: hex,", "form: uuid,", "32}", "a uuid has its own length; take this out"},
        {"call_timeout: 10s", "call_timeout: 0s", "0s",
         "no call can be answered in no time; take 10s"},
        {"key: {form: hex, length: 32}", "key: hex", "hex",
         "here must be keys and values, as in `form: …`"},
        {"steps: [payout]", "steps: [payout, hold]", "hold]",
         "the step `hold` has a transfer already"},
        {"list: data", "list: data..x", "data..x", "here must be a path, as in `data.items[0].id`"},
        {"list: data", "list: data[x]", "data[x]", "here must be a path, as in `data.items[0].id`"},
        {"list: data", "list: data[0]x", "data[0]x",
         "here must be a path, as in `data.items[0].id`"},
        {"list: data", "list: data[0", "data[0", "here must be a path, as in `data.items[0].id`"},
        {"list: data", "list: .data", ".data", "here must be a path, as in `data.items[0].id`"},
        {"list: data", "list: data.", "data.", "here must be a path, as in `data.items[0].id`"},
        {"list: data", "list: a.b.c.d.e.f.g", "a.b.",
         "here must be a path, as in `data.items[0].id`"},
        {"list: data", "list: data?", "data?", "this one may not end in `?`; take it out"},
    };
    ASSERT_ALL_REFUSED(rows);
}

static void requests_that_could_break_http_are_refused(void **state)
{
    (void)state;
    static const struct refusal rows[] = {
        {"path: /account_transfers\n", "path: account_transfers\n", "account_transfers",
         "a path begins with `/`"},
        {"path: /account_transfers\n", "path: /a b\n", "/a b", "` ` cannot stand here"},
        {"path: /account_transfers\n", "path: \"/a#b\"\n", "/a", "`#` cannot stand here"},
        {"path: /account_transfers\n", "path: \"/a\\r\\nX: y\"\n", "/a",
         "the value has control characters; keep it on one line"},
        {"path: /account_transfers\n", "path: \"/{key\"\n", "/{",
         "`{` begins a field; close it with `}`"},
        {"path: /account_transfers\n", "path: \"/key}\"\n", "/key", "`}` cannot stand here"},
        {"        Idempotency-Key: ", "        Idempotency Key: ", "Idempotency Key",
         "a header's name has letters, digits, `-` and `_` only"},
        {"        Idempotency-Key: ", "        content-length: ", "content-length",
         "the header `Content-Length` is added by daybook; take it out"},
        {"        Idempotency-Key: \"{key}\"", "        Idempotency-Key: 가", "가",
         "only printable ASCII can stand here"},
        {"method: POST", "method: GET", "account_id: \"{from}",
         "a GET has no body; take it out, or use POST"},
        {"method: POST", "method: DELETE", "DELETE",
         "unknown word `DELETE`; allowed are: GET, POST, PUT"},
    };
    ASSERT_ALL_REFUSED(rows);
}

static void a_request_that_could_get_too_long_is_refused(void **state)
{
    (void)state;
    char to[2300] = "description: \"";
    for (int i = 0; i < 12; i++)
        strcat(to, "{holder_name}{holder_name}");
    strcat(to, "\"");
    assert_refused("description: daybook {step}", to,
                   "method: POST\n      path: /account_transfers",
                   "the request could get longer than 2048 bytes; shorten it");
    strcpy(to, "description: ");
    memset(to + 13, 'x', 1200);
    assert_refused("description: daybook {step}", to, "xxx", "the text is too long");
}

static void what_is_unsafe_cannot_be_written(void **state)
{
    (void)state;
    static const char from[] =
        "  - {call: inquiry, status: 200, empty: true, outcome: not_found}\n";
    static const struct {
        const char *row;
        const char *expected;
    } rows[] = {
        {"{call: transfer, status: 500, code: a, outcome: rejected_person}",
         "status 500 does not tell what the bank did; only in_doubt fits (for 503 also not_done, "
         "throttled)"},
        {"{call: transfer, status: 408, code: a, outcome: rejected_later}",
         "status 408 does not tell what the bank did; only in_doubt fits (for 503 also not_done, "
         "throttled)"},
        {"{call: transfer, status: [503, 502], code: a, outcome: not_done}",
         "status 502 does not tell what the bank did; only in_doubt fits (for 503 also not_done, "
         "throttled)"},
        {"{call: inquiry, status: 504, code: a, outcome: not_found}",
         "status 504 does not tell what the bank did; only in_doubt fits (for 503 also not_done, "
         "throttled)"},
        {"{call: transfer, status: 202, outcome: accepted}",
         "a status alone does not tell that; add `state`, `code` or `bank_code`"},
        {"{call: transfer, status: 422, outcome: rejected_person}",
         "a status alone does not tell that; add `state`, `code` or `bank_code`"},
        {"{call: transfer, status: 200, outcome: rejected_later}",
         "a status alone does not tell that; add `state`, `code` or `bank_code`"},
        {"{call: inquiry, status: 404, outcome: not_found}",
         "a status alone does not tell that; add `state`, `code` or `bank_code`"},
        {"{call: transfer, status: 202, outcome: not_done}",
         "a status alone does not tell that; add `state`, `code` or `bank_code`"},
        {"{call: transfer, status: 409, code: a, outcome: accepted}",
         "status 409 is an error; this outcome needs a 2xx"},
        {"{call: transfer, status: 404, outcome: not_found}",
         "this outcome does not fit the call `transfer`"},
        {"{call: balance, status: 404, outcome: rejected_person}",
         "this outcome does not fit the call `balance`"},
        {"{call: transfer, status: 200, state: x, outcome: balance}",
         "this outcome does not fit the call `transfer`"},
        {"{call: inquiry, status: 200, state: x, outcome: not_found}",
         "`empty: true` and `not_found` with a 2xx belong together"},
        {"{call: inquiry, status: 200, empty: true, outcome: in_doubt}",
         "`empty: true` and `not_found` with a 2xx belong together"},
        {"{call: transfer, status: 200, state: complete, outcome: in_doubt}",
         "row 2 already says what `transfer` answered with 200 means; take one out, or move this "
         "one before it"},
        {"{call: inquiry, status: 200, state: [x, rejected], bank_code: y, outcome: pending}",
         "row 5 already says what `inquiry` answered with 200 means; take one out, or move this "
         "one before it"},
        {"{call: transfer, status: 409, state: x, outcome: rejected_person}",
         "no `state` is read from such an answer; say where it is, under `error`"},
        {"{call: transfer, status: 200, code: x, outcome: accepted}",
         "no `code` is read from such an answer; say where it is, under `answer`"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char to[512];
        snprintf(to, sizeof(to), "  - %s\n%s", rows[i].row, from);
        assert_refused(from, to, rows[i].row, rows[i].expected);
    }
    assert_refused("status: 401", "status: 100", "100",
                   "here must be a whole number from 200 to 599");
    assert_refused("status: 401", "status: 4xx", "4xx",
                   "here must be a whole number from 200 to 599");
}

static void inquiry_and_ask_belong_together(void **state)
{
    (void)state;
    assert_refused("inquiry: by_key", "inquiry: repeat",
                   "method: GET\n      path: /account_transfers",
                   "nothing is asked unless inquiry is by_key; take `ask` out");
    assert_refused("    ask:\n      method: GET\n      path: /payouts?idempotency_key={key}\n"
                   "      headers:\n        traceparent: \"{traceparent}\"\n"
                   "      list: data\n      next: next_cursor\n",
                   "", "steps: [payout]", "`ask` is missing; add it, as inquiry is by_key");
}

static void broken_yaml_is_refused_where_it_breaks(void **state)
{
    (void)state;
    static const struct refusal rows[] = {
        {"auth: bearer", "auth: [bearer", "amount: integer",
         "not valid YAML: wrongly indented flow sequence"},
        {"auth: bearer", "name: again", "name: again", "not valid YAML: duplicate key"},
        {"auth: bearer", "auth: *a", "a    ", "aliases are not read; write the value out"},
        {"auth: bearer", "auth: b\xff", "auth",
         "the line has control characters or is not UTF-8; save it as UTF-8"},
        {"auth: bearer", "auth: b\x01", "auth",
         "the line has control characters or is not UTF-8; save it as UTF-8"},
        {"\nerror: ", "\n---\nerror: ", "# REST",
         "the file holds more than one document; keep one, without `---`"},
    };
    ASSERT_ALL_REFUSED(rows);
}

/* Bytes that are a whole file. */
static void assert_file_refused(const char *bytes, size_t byte_count, const char *expected)
{
    char file[64] = "/tmp/daybook-profile-XXXXXX";
    char error[PROFILE_ERROR_BYTES];
    char wanted[PROFILE_ERROR_BYTES + 64];
    int fd = mkstemp(file);
    assert_int_equal(write(fd, bytes, byte_count), byte_count);
    close(fd);
    assert_null(profile_load(file, &rest_site, error));
    snprintf(wanted, sizeof(wanted), "%s:%s", file, expected);
    assert_string_equal(error, wanted);
    unlink(file);
}

static void what_is_no_profile_is_refused(void **state)
{
    (void)state;
    static char large[65537];
    memset(large, '#', sizeof(large));
    assert_file_refused("", 0, "1:1: the file is empty");
    assert_file_refused("# a\n", 4, "1:1: the file is empty");
    assert_file_refused("- a\n", 4, "1:1: here must be keys and values, as in `name: …`");
    assert_file_refused("a", 1, "1:1: here must be keys and values, as in `name: …`");
    assert_file_refused("~\n", 2, "1:1: here must be keys and values, as in `name: …`");
    assert_file_refused(large, sizeof(large), " is larger than 64 KiB; a profile is not");
    char error[PROFILE_ERROR_BYTES];
    assert_null(profile_load("/nowhere/x.yaml", &rest_site, error));
    assert_string_equal(error, "/nowhere/x.yaml: cannot be read: No such file or directory; check "
                               "the path and its permissions");
    assert_null(profile_load("/tmp", &rest_site, error));
    assert_string_equal(error, "/tmp: reading failed; is it a file?");
}

/* Every cut of the shipped profile is refused, or means what a shorter one may mean. */
static void no_cut_of_a_profile_crashes(void **state)
{
    (void)state;
    char *text = rest_text();
    size_t count = strlen(text);
    uint32_t taken = 0;
    for (size_t at = 0; at < count; at += 7) {
        char file[64] = "/tmp/daybook-profile-XXXXXX";
        char error[PROFILE_ERROR_BYTES];
        int fd = mkstemp(file);
        assert_int_equal(write(fd, text, at), at);
        close(fd);
        struct profile *profile = profile_load(file, &rest_site, error);
        taken += profile != NULL;
        if (profile == NULL)
            assert_memory_equal(error, file, strlen(file));
        profile_close(profile);
        unlink(file);
    }
    // Only rows behind the last needed one may be missing.
    assert_in_range(taken, 1, 1000 / 7 * 2);
    free(text);
}

static void what_belongs_to_the_site_is_checked(void **state)
{
    (void)state;
    static const struct {
        const char *host, *prefix, *token, *collection, *suspense, *currency;
        const char *expected;
    } rows[] = {
        {"", "", "", "C", "", "KRW", "host"},
        {NULL, "", "", "C", "", "KRW", "host"},
        {"a b", "", "", "C", "", "KRW", "host"},
        {"a\r\nX: y", "", "", "C", "", "KRW", "host"},
        {"h", "v1", "", "C", "", "KRW", "path prefix"},
        {"h", "/v1/", "", "C", "", "KRW", "path prefix"},
        {"h", "/v 1", "", "C", "", "KRW", "path prefix"},
        {"h", "", "to ken", "C", "", "KRW", "token"},
        {"h", "", "token\n", "C", "", "KRW", "token"},
        {"h", "", "", "", "", "KRW", "collection account"},
        {"h", "", "", "12345678901234567890123456789012345678901", "", "KRW", "collection account"},
        {"h", "", "", "C", "a\nb", "KRW", "suspense account"},
        {"h", "", "", "C", "", "krw", "currency"},
        {"h", "", "", "C", "", "KR", "currency"},
        {"h", "", "", "C", "", "WONS", "currency"},
        {"h", NULL, NULL, "C", NULL, "KRW", NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char error[PROFILE_ERROR_BYTES];
        char wanted[256];
        struct profile_site site = {.host = rows[i].host,
                                    .path_prefix = rows[i].prefix,
                                    .token = rows[i].token,
                                    .collection_account = rows[i].collection,
                                    .suspense_account = rows[i].suspense,
                                    .currency = rows[i].currency};
        struct profile *profile = profile_load(REST_FILE, &site, error);
        if (rows[i].expected == NULL) {
            assert_non_null(profile);
            profile_close(profile);
            continue;
        }
        assert_null(profile);
        snprintf(wanted, sizeof(wanted), "%s: the %s given for this bank does not fit: ", REST_FILE,
                 rows[i].expected);
        assert_memory_equal(error, wanted, strlen(wanted));
        assert_null(strstr(error, "to ken"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shipped_profile_has_its_rules),
        cmocka_unit_test(durations_have_units),
        cmocka_unit_test(the_text_is_kept_with_its_digest),
        cmocka_unit_test(unknown_keys_and_words_are_refused_with_a_hint),
        cmocka_unit_test(missing_parts_are_refused),
        cmocka_unit_test(wrong_values_are_refused),
        cmocka_unit_test(requests_that_could_break_http_are_refused),
        cmocka_unit_test(a_request_that_could_get_too_long_is_refused),
        cmocka_unit_test(what_is_unsafe_cannot_be_written),
        cmocka_unit_test(inquiry_and_ask_belong_together),
        cmocka_unit_test(broken_yaml_is_refused_where_it_breaks),
        cmocka_unit_test(what_is_no_profile_is_refused),
        cmocka_unit_test(no_cut_of_a_profile_crashes),
        cmocka_unit_test(what_belongs_to_the_site_is_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
