#include "real/news.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct news {
    _Atomic bool is_gone;
    _Atomic bool is_over;
    _Atomic uint32_t requests;
    _Atomic uint32_t beats;
    pthread_mutex_t lock; /* for what follows */
    enum status gone;
    struct store_time time;
    uint32_t lanes;
    struct news_view views[];
};

struct news *news_open(uint32_t lanes)
{
    CHECK(lanes >= 1);
    struct news *news = calloc(1, sizeof(*news) + lanes * sizeof(news->views[0]));
    if (news) {
        news->lanes = lanes;
        CHECK(pthread_mutex_init(&news->lock, NULL) == 0);
    }
    return news;
}

void news_close(struct news *news)
{
    if (news) {
        CHECK(pthread_mutex_destroy(&news->lock) == 0);
        free(news);
    }
}

void news_gone(struct news *news, enum status status)
{
    CHECK(pthread_mutex_lock(&news->lock) == 0);
    if (!news->is_gone) {
        news->gone = status;
    }
    news->is_gone = true;
    CHECK(pthread_mutex_unlock(&news->lock) == 0);
}

void news_over(struct news *news)
{
    news->is_over = true;
}

void news_requested(struct news *news)
{
    news->requests++;
}

void news_alive(struct news *news, const struct store_time *time)
{
    CHECK(pthread_mutex_lock(&news->lock) == 0);
    news->time = *time;
    news->beats++;
    CHECK(pthread_mutex_unlock(&news->lock) == 0);
}

uint32_t news_hear(struct news *news, struct news_heard *heard, struct event *events)
{
    uint32_t count = 0;
    if (news->beats != heard->beats) {
        CHECK(pthread_mutex_lock(&news->lock) == 0);
        heard->beats = news->beats;
        events[count++] = (struct event){.kind = EVENT_STORE_ALIVE, .time = news->time};
        CHECK(pthread_mutex_unlock(&news->lock) == 0);
    }
    if (news->requests != heard->requests) {
        heard->requests = news->requests;
        events[count++] = (struct event){.kind = EVENT_REQUESTED};
    }
    if (news->is_over && !heard->over) {
        heard->over = true;
        events[count++] = (struct event){.kind = EVENT_STOP};
    }
    if (news->is_gone && !heard->gone) {
        heard->gone = true;
        CHECK(pthread_mutex_lock(&news->lock) == 0);
        events[count++] = (struct event){.kind = EVENT_STORE_GONE, .store_gone = news->gone};
        CHECK(pthread_mutex_unlock(&news->lock) == 0);
    }
    return count;
}

void news_show(struct news *news, uint32_t lane, const struct news_view *view)
{
    CHECK(lane < news->lanes);
    CHECK(pthread_mutex_lock(&news->lock) == 0);
    news->views[lane] = *view;
    CHECK(pthread_mutex_unlock(&news->lock) == 0);
}

static void add(struct news_view *all, const struct news_view *view)
{
    settle_counts_add(&all->counts, &view->counts);
    for (uint32_t kind = 0; kind < NEWS_CALL_KINDS; kind++) {
        histogram_merge(&all->latency[kind], &view->latency[kind]);
    }
}

void news_view_all(struct news *news, struct news_view *all)
{
    *all = (struct news_view){0};
    CHECK(pthread_mutex_lock(&news->lock) == 0);
    for (uint32_t lane = 0; lane < news->lanes; lane++) {
        add(all, &news->views[lane]);
    }
    CHECK(pthread_mutex_unlock(&news->lock) == 0);
}

void news_view_add(struct news_view *view, const struct settle *settle)
{
    settle_counts_add(&view->counts, settle_counts(settle));
    for (uint32_t kind = 0; kind < NEWS_CALL_KINDS; kind++) {
        histogram_merge(&view->latency[kind], settle_latency(settle, (enum call_kind)kind));
    }
}
