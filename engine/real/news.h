/*
 * news: what one lane of a run learns and all must hear, and what each has done, for people.
 *
 * Partitions share nothing but a bank's tokens; but a batch has one control session, and a process
 * that may have lost it hands no more bytes to a bank, in whichever lane. Each lane looks once a
 * turn, before it submits.
 *
 * Threads: any lane, at any time; begun before the lanes and ended after them.
 */
#ifndef DAYBOOK_REAL_NEWS_H
#define DAYBOOK_REAL_NEWS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/histogram.h"
#include "core/settle.h"

#define NEWS_CALL_KINDS 3U

struct news;

/* What the partitions of a lane, or of all of them, have done so far. */
struct news_view {
    struct settle_counts counts;
    struct histogram latency[NEWS_CALL_KINDS]; /* by enum call_kind */
};

/* What a lane has heard already; begins as zeros. */
struct news_heard {
    bool gone, over;
    uint32_t requests, beats;
};

/* NULL: out of memory. */
struct news *news_open(uint32_t lanes);
void news_close(struct news *news);

/* The batch, or a session, is lost: for all. */
void news_gone(struct news *news, enum status status);
/* A partition ended for good, by a defect: the others drain and end, too. */
void news_over(struct news *news);
void news_requested(struct news *news);
void news_alive(struct news *news, const struct store_time *time);

/* What is new since, as events for a core; at most NEWS_EVENTS_MAX. */
#define NEWS_EVENTS_MAX 4U
uint32_t news_hear(struct news *news, struct news_heard *heard, struct event *events);

void news_show(struct news *news, uint32_t lane, const struct news_view *view);
/* All lanes together. */
void news_view_all(struct news *news, struct news_view *all);
/* *view is that of this partition more. */
void news_view_add(struct news_view *view, const struct settle *settle);

#endif
