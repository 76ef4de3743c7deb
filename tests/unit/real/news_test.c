#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "real/news.h"

static struct news *news;

static int open_news(void **state)
{
    (void)state;
    news = news_open(2);
    return news ? 0 : -1;
}

static int close_news(void **state)
{
    (void)state;
    news_close(news);
    return 0;
}

static void each_lane_hears_everything_once(void **state)
{
    (void)state;
    struct event events[NEWS_EVENTS_MAX];
    struct news_heard lanes[2] = {0};
    assert_int_equal(news_hear(news, &lanes[0], events), 0);
    news_alive(news, &(struct store_time){.db_now_us = 5, .asked_at_ns = 7});
    news_requested(news);
    news_requested(news);
    for (int lane = 0; lane < 2; lane++) {
        assert_int_equal(news_hear(news, &lanes[lane], events), 2);
        assert_int_equal(events[0].kind, EVENT_STORE_ALIVE);
        assert_int_equal(events[0].time.db_now_us, 5);
        assert_int_equal(events[0].time.asked_at_ns, 7);
        assert_int_equal(events[1].kind, EVENT_REQUESTED);
        assert_int_equal(news_hear(news, &lanes[lane], events), 0);
    }
    news_requested(news);
    assert_int_equal(news_hear(news, &lanes[1], events), 1);
}

static void the_first_loss_is_what_all_hear_of(void **state)
{
    (void)state;
    struct event events[NEWS_EVENTS_MAX];
    struct news_heard heard = {0};
    news_gone(news, STATUS_STORE_FENCED);
    news_gone(news, STATUS_STORE_LOST);
    assert_int_equal(news_hear(news, &heard, events), 1);
    assert_int_equal(events[0].kind, EVENT_STORE_GONE);
    assert_int_equal(events[0].store_gone, STATUS_STORE_FENCED);
    assert_int_equal(news_hear(news, &heard, events), 0);
}

static void a_partition_s_defect_stops_the_others(void **state)
{
    (void)state;
    struct event events[NEWS_EVENTS_MAX];
    struct news_heard heard = {0};
    news_over(news);
    assert_int_equal(news_hear(news, &heard, events), 1);
    assert_int_equal(events[0].kind, EVENT_STOP);
    assert_int_equal(news_hear(news, &heard, events), 0);
}

static void what_lanes_show_adds_up_and_the_newest_counts(void **state)
{
    (void)state;
    static struct news_view first, second, all;
    first.counts = (struct settle_counts){.settled = 3, .polls = 10, .fatal = STATUS_OK};
    histogram_add(&first.latency[1], 1000);
    second.counts = (struct settle_counts){.settled = 4, .waiting = 2};
    histogram_add(&second.latency[1], 9000);
    news_show(news, 0, &first);
    news_show(news, 1, &first);
    news_show(news, 1, &second);
    news_view_all(news, &all);
    assert_int_equal(all.counts.settled, 7);
    assert_int_equal(all.counts.waiting, 2);
    assert_int_equal(all.counts.polls, 10);
    assert_int_equal(all.latency[1].count, 2);
    assert_int_equal(all.latency[1].most_ns, 9000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_lane_hears_everything_once, open_news, close_news),
        cmocka_unit_test_setup_teardown(the_first_loss_is_what_all_hear_of, open_news, close_news),
        cmocka_unit_test_setup_teardown(a_partition_s_defect_stops_the_others, open_news,
                                        close_news),
        cmocka_unit_test_setup_teardown(what_lanes_show_adds_up_and_the_newest_counts, open_news,
                                        close_news),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
