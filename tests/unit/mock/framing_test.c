/* Answers that are framed oddly: what is bent, byte by byte, and how much of it there is. */
#include "ask.h"

#define ALWAYS 1000000
#define GOOD "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 112\r\n\r\n"
#define BALANCE                                                                                    \
    "{\"account_id\":\"V1\",\"current_balance\":100000,\"available_balance\":100000,"              \
    "\"currency\":\"KRW\",\"type\":\"balance_lookup\"}"

static void balance_with(const struct mock_faults *faults, struct mock_reply *reply)
{
    struct mock_bank *bank = ask_open(&(struct mock_settings){.faults = *faults, .drip_ns = 7});
    ask_get(bank, "/accounts/V1/balance", 0, reply);
    assert_int_equal(reply->decision, MOCK_ANSWER);
    mock_bank_close(bank);
}

static size_t count_of(const char *text, const char *piece)
{
    size_t count = 0;
    while ((text = strstr(text, piece)) != NULL) {
        text += strlen(piece);
        count++;
    }
    return count;
}

static void each_odd_frame_is_odd_in_its_way(void **state)
{
    (void)state;
    static const struct {
        struct mock_faults faults;
        const char *fault, *holds;
        uint32_t bytes;
        bool closes;
    } rows[] = {
        {{0}, "", GOOD BALANCE, 184, false},
        {{.short_length = ALWAYS}, "short_length", "Content-Length: 111\r\n\r\n{", 184, false},
        {{.long_length = ALWAYS}, "long_length", "Content-Length: 176\r\n\r\n{", 184, false},
        {{.two_lengths = ALWAYS}, "two_lengths", "Content-Length: 1\r\nContent-Type", 203, false},
        {{.chunked_too = ALWAYS}, "chunked_too", "Transfer-Encoding: chunked\r\n", 212, false},
        {{.surplus = ALWAYS}, "surplus", "}HTTP/1.1 200 OK\r\n", 224, false},
        {{.line_feeds = ALWAYS}, "line_feeds", "OK\nContent-Type", 180, false},
        {{.interim_flood = ALWAYS},
         "interim_flood",
         "100 Continue\r\n\r\nHTTP/1.1 200",
         5184,
         false},
        {{.half_body = ALWAYS}, "half_body", "{\"account_id\"", 128, true},
        {{.huge_header = ALWAYS}, "huge_header", "X-Filler: aaaaaaaa", 20196, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mock_reply reply;
        balance_with(&rows[i].faults, &reply);
        assert_string_equal(reply.fault, rows[i].fault);
        if (strstr(reply.answer, rows[i].holds) == NULL)
            fail_msg("%s: %.300s", rows[i].fault, reply.answer);
        assert_int_equal(reply.bytes, rows[i].bytes);
        assert_int_equal(reply.close_after, rows[i].closes);
        assert_int_equal(reply.drip_ns, 0);
    }
}

static void line_feeds_stand_alone_in_the_whole_head(void **state)
{
    (void)state;
    struct mock_reply reply;
    balance_with(&(struct mock_faults){.line_feeds = ALWAYS}, &reply);
    assert_int_equal(count_of(reply.answer, "\r"), 0);
    assert_non_null(strstr(reply.answer, "\n\n{"));
}

static void drip_leaves_the_answer_as_it_is(void **state)
{
    (void)state;
    struct mock_reply reply;
    balance_with(&(struct mock_faults){.drip = ALWAYS}, &reply);
    assert_string_equal(reply.answer, GOOD BALANCE);
    assert_int_equal(reply.drip_ns, 7);
}

static void transfer_is_done_whatever_frames_its_answer(void **state)
{
    (void)state;
    static const struct mock_faults rows[] = {
        {.short_length = ALWAYS}, {.half_body = ALWAYS}, {.huge_header = ALWAYS},
        {.surplus = ALWAYS},      {.drip = ALWAYS},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mock_reply reply;
        struct mock_bank *bank = ask_open(&(struct mock_settings){.faults = rows[i]});
        ask_transfer(bank, "k", "V1", "COLLECT", 700, 0, &reply);
        assert_int_equal(reply.effect, MOCK_EFFECT_ACCEPTED);
        assert_int_equal(ask_book(bank, "COLLECT"), 700);
        mock_bank_close(bank);
    }
}

static void what_is_reset_or_silent_is_not_framed(void **state)
{
    (void)state;
    struct mock_reply reply;
    struct mock_bank *bank =
        ask_open(&(struct mock_settings){.faults = {.lost_after = ALWAYS, .huge_header = ALWAYS}});
    ask_transfer(bank, "k", "V1", "COLLECT", 700, 0, &reply);
    assert_int_equal(reply.decision, MOCK_RESET);
    assert_int_equal(reply.bytes, 0);
    mock_bank_close(bank);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_odd_frame_is_odd_in_its_way),
        cmocka_unit_test(line_feeds_stand_alone_in_the_whole_head),
        cmocka_unit_test(drip_leaves_the_answer_as_it_is),
        cmocka_unit_test(transfer_is_done_whatever_frames_its_answer),
        cmocka_unit_test(what_is_reset_or_silent_is_not_framed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
