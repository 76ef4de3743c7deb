/* Accounts that share one, and who pays fees. */
// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on

#include <stdio.h>
#include <unistd.h>

#include "rest.h"

#define POOL_FILE(kind) DAYBOOK_SOURCE_DIR "/ops/banks/pooled-" kind ".yaml"

static struct profile *load(const char *file, const char *pool_account,
                            char error[PROFILE_ERROR_BYTES])
{
    struct profile_site site = rest_site;
    site.pool_account = pool_account;
    return profile_load(file, &site, error);
}

/* The shipped profile with one text replaced by another, in a file of its own. */
static struct profile *load_changed(const char *file, const char *from, const char *to,
                                    const char *pool_account, char error[PROFILE_ERROR_BYTES])
{
    char name[] = "/tmp/daybook-pool-XXXXXX", text[65536];
    FILE *stream = fopen(file, "r");
    assert_non_null(stream);
    size_t bytes = fread(text, 1, sizeof(text) - 1, stream);
    fclose(stream);
    text[bytes] = 0;
    char *at = strstr(text, from);
    assert_non_null(at);
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    stream = fdopen(fd, "w");
    fprintf(stream, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    fclose(stream);
    struct profile *profile = load(name, pool_account, error);
    unlink(name);
    return profile;
}

static struct transfer_order order_of(enum step_kind step, enum transfer_kind kind)
{
    return (struct transfer_order){
        .amount_minor = 700, .step = (uint8_t)step, .kind = (uint8_t)kind, .generation = 1};
}

static void shipped_profiles_say_how_they_pool(void **state)
{
    (void)state;
    char error[PROFILE_ERROR_BYTES];
    struct profile *received = load(POOL_FILE("received"), "POOL-1", error);
    struct profile *available = load(POOL_FILE("available"), "POOL-1", error);
    struct profile *rest = load(REST_FILE, NULL, error);
    assert_int_equal(profile_rules(received)->pool, POOL_RECEIVED);
    assert_int_equal(profile_rules(available)->pool, POOL_AVAILABLE);
    assert_int_equal(profile_rules(rest)->pool, POOL_NONE);
    assert_false(profile_rules(rest)->fee_is_ours);
    profile_close(received);
    profile_close(available);
    profile_close(rest);
}

static void transfers_go_from_the_pool_and_come_back_to_it(void **state)
{
    (void)state;
    static const struct {
        enum step_kind step;
        enum transfer_kind kind;
        const char *says;
    } rows[] = {
        {STEP_COLLECT, TRANSFER_NORMAL,
         "{\"account_id\":\"POOL-1\",\"sub_account_id\":\"VA-0001\","
         "\"destination_account_id\":\"COLLECT-1\","},
        {STEP_COLLECT, TRANSFER_UNDO,
         "{\"account_id\":\"COLLECT-1\",\"sub_account_id\":\"VA-0001\","
         "\"destination_account_id\":\"POOL-1\","},
        {STEP_PAYOUT, TRANSFER_NORMAL,
         "{\"account_id\":\"POOL-1\",\"sub_account_id\":\"VA-0001\",\"destination\":{"},
    };
    char error[PROFILE_ERROR_BYTES], out[REQUEST_BYTES_MAX + 1];
    struct profile *profile = load(POOL_FILE("received"), "POOL-1", error);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct transfer_order order = order_of(rows[i].step, rows[i].kind);
        struct rendered rendered =
            profile_render(profile, CALL_TRANSFER, &order, &rest_parties, out);
        assert_true(rendered.bytes > 0);
        out[rendered.bytes] = 0;
        assert_memory_equal(out + rendered.body_at, rows[i].says, strlen(rows[i].says));
    }
    profile_close(profile);
}

static struct bank_answer read_balance(const char *file, const char *body)
{
    char error[PROFILE_ERROR_BYTES];
    struct bank_answer answer;
    struct profile_scratch *scratch = profile_scratch_open(1U << 16);
    struct profile *profile = load(file, "POOL-1", error);
    profile_read(profile, scratch, CALL_BALANCE, NULL, &rest_parties, 200, -1, body, strlen(body),
                 &answer);
    profile_close(profile);
    profile_scratch_close(scratch);
    return answer;
}

static void poll_shows_what_came_or_what_is_left(void **state)
{
    (void)state;
    static const char body[] = "{\"account_id\":\"VA-0001\",\"available_balance\":700,"
                               "\"received_total\":1000,\"currency\":\"KRW\"}";
    struct bank_answer received = read_balance(POOL_FILE("received"), body);
    struct bank_answer available = read_balance(POOL_FILE("available"), body);
    assert_int_equal(received.answer, ANSWER_BALANCE);
    assert_int_equal(received.balance_minor, 1000);
    assert_int_equal(available.balance_minor, 700);
}

static void pool_and_its_account_belong_together(void **state)
{
    (void)state;
    char error[PROFILE_ERROR_BYTES];
    assert_null(load(POOL_FILE("received"), NULL, error));
    assert_non_null(strstr(error, "no pool account is given for this bank"));
    assert_null(load(POOL_FILE("received"), "", error));
    assert_null(load(POOL_FILE("received"), "a\nb", error));
    assert_non_null(strstr(error, "the pool account given for this bank does not fit"));
    assert_null(load(REST_FILE, "POOL-1", error));
    assert_non_null(strstr(error, "which pools none"));
}

static void other_words_are_refused_where_they_stand(void **state)
{
    (void)state;
    char error[PROFILE_ERROR_BYTES];
    assert_null(load_changed(POOL_FILE("received"), "pooled: received", "pooled: balance", "POOL-1",
                             error));
    assert_non_null(strstr(error, "available"));
    assert_null(load_changed(REST_FILE, "\ninquiry:", "\nfees_from: bank\ninquiry:", NULL, error));
    assert_non_null(strstr(error, "collection"));
}

static void fees_are_ours_where_the_profile_says_so(void **state)
{
    (void)state;
    char error[PROFILE_ERROR_BYTES];
    struct profile *profile =
        load_changed(REST_FILE, "\ninquiry:", "\nfees_from: collection\ninquiry:", NULL, error);
    assert_non_null(profile);
    assert_true(profile_rules(profile)->fee_is_ours);
    profile_close(profile);
    profile = load_changed(REST_FILE, "\ninquiry:", "\nfees_from: payer\ninquiry:", NULL, error);
    assert_non_null(profile);
    assert_false(profile_rules(profile)->fee_is_ours);
    profile_close(profile);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shipped_profiles_say_how_they_pool),
        cmocka_unit_test(transfers_go_from_the_pool_and_come_back_to_it),
        cmocka_unit_test(poll_shows_what_came_or_what_is_left),
        cmocka_unit_test(pool_and_its_account_belong_together),
        cmocka_unit_test(other_words_are_refused_where_they_stand),
        cmocka_unit_test(fees_are_ours_where_the_profile_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
