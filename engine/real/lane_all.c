#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "real/lane.h"

/* Lanes begin together, once all are open, or not at all. */
struct start {
    const struct lane_config *config;
    struct news *news;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint32_t opened; /* so many know how it went */
    bool is_failed;
    bool is_decided;
    char error[STORE_ERROR_BYTES]; /* of the first that failed */
};

struct hand {
    struct start *start;
    uint32_t number;
    pthread_t thread;
};

static void tell_opened(struct start *start, const struct lane *lane, const char *error)
{
    CHECK(pthread_mutex_lock(&start->lock) == 0);
    start->opened++;
    if (!lane && !start->is_failed) {
        start->is_failed = true;
        snprintf(start->error, STORE_ERROR_BYTES, "%s", error);
    }
    CHECK(pthread_cond_broadcast(&start->changed) == 0);
    CHECK(pthread_mutex_unlock(&start->lock) == 0);
}

/* Once so many lanes have told. Returns whether all are open. */
static bool decide(struct start *start, uint32_t lanes, bool is_failed)
{
    CHECK(pthread_mutex_lock(&start->lock) == 0);
    while (start->opened < lanes) {
        CHECK(pthread_cond_wait(&start->changed, &start->lock) == 0);
    }
    start->is_failed = start->is_failed || is_failed;
    start->is_decided = true;
    CHECK(pthread_cond_broadcast(&start->changed) == 0);
    CHECK(pthread_mutex_unlock(&start->lock) == 0);
    return !start->is_failed;
}

static bool await_decision(struct start *start)
{
    CHECK(pthread_mutex_lock(&start->lock) == 0);
    while (!start->is_decided) {
        CHECK(pthread_cond_wait(&start->changed, &start->lock) == 0);
    }
    bool is_good = !start->is_failed;
    CHECK(pthread_mutex_unlock(&start->lock) == 0);
    return is_good;
}

static void *work(void *context)
{
    struct hand *hand = context;
    char error[STORE_ERROR_BYTES] = "";
    // Its ring is this thread's own.
    struct lane *lane = lane_open(hand->start->config, hand->number, hand->start->news, error);
    tell_opened(hand->start, lane, error);
    if (await_decision(hand->start)) {
        lane_run(lane);
    }
    lane_close(lane);
    return NULL;
}

/* Signals are the first lane's. Returns how many there are now, with the caller's. */
static uint32_t begin_threads(struct hand *hands, uint32_t lanes)
{
    sigset_t all, before;
    sigfillset(&all);
    CHECK(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
    uint32_t begun = 1;
    while (begun < lanes && pthread_create(&hands[begun].thread, NULL, work, &hands[begun]) == 0) {
        begun++;
    }
    CHECK(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    return begun;
}

static bool run_hands(struct start *start, struct hand *hands, uint32_t lanes)
{
    for (uint32_t i = 0; i < lanes; i++) {
        hands[i] = (struct hand){.start = start, .number = i};
    }
    uint32_t begun = begin_threads(hands, lanes);
    char error[STORE_ERROR_BYTES] = "";
    struct lane *lane = lane_open(start->config, 0, start->news, error);
    tell_opened(start, lane, error);
    bool is_good = decide(start, begun, begun < lanes);
    if (is_good) {
        lane_run(lane);
    }
    lane_close(lane);
    for (uint32_t i = 1; i < begun; i++) {
        CHECK(pthread_join(hands[i].thread, NULL) == 0);
    }
    return is_good;
}

bool lane_run_all(const struct lane_config *config, char error[STORE_ERROR_BYTES])
{
    CHECK(config->lanes >= 1 && config->lanes <= config->partition_count);
    struct start start = {.config = config,
                          .news = news_open(config->lanes),
                          .error = "no thread could be begun for a lane\nHINT: fewer lanes"};
    struct hand *hands = calloc(config->lanes, sizeof(*hands));
    bool is_good = start.news && hands;
    if (!is_good) {
        snprintf(start.error, STORE_ERROR_BYTES, "out of memory for the lanes");
    } else {
        CHECK(pthread_mutex_init(&start.lock, NULL) == 0);
        CHECK(pthread_cond_init(&start.changed, NULL) == 0);
        is_good = run_hands(&start, hands, config->lanes);
        CHECK(pthread_cond_destroy(&start.changed) == 0);
        CHECK(pthread_mutex_destroy(&start.lock) == 0);
    }
    memcpy(error, is_good ? "" : start.error, is_good ? 1 : STORE_ERROR_BYTES);
    free(hands);
    news_close(start.news);
    return is_good;
}
