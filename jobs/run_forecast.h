/*
 * run_forecast: what a run expects at its start, and what it leaves for the next one: how long the
 * banks' calls took. For run_try.c, run_batch.c and run_summary.c.
 */
#ifndef DAYBOOK_JOBS_RUN_FORECAST_H
#define DAYBOOK_JOBS_RUN_FORECAST_H

#include "jobs/forecast_site.h"

struct run;

/* As told at the start; all that its end needs. */
struct run_forecast {
    bool is_made;
    bool is_assumed; /* some of it was not measured */
    uint64_t made_at_ns;
    uint64_t duration_ns; /* from then on */
    uint64_t settlements;
    enum forecast_limit limit;
    char bank[BANK_TEXT_MAX + 1]; /* "": the limit is no bank's */
    char words[FORECAST_WORDS_BYTES];
};

/* A batch's first run: tells the forecast in one line; nothing where nothing is to do. */
void run_forecast_begin(struct run *run);
/* A later run: asks what is left to do, which takes the database long. By run->db, which becomes
   run->left. Where the database cannot say, the run goes on without. */
void run_forecast_ask(struct run *run);
/* Once the answer is there: how much was done before, and the forecast, where the run is not there
   for requests alone. Does not wait for it: one that comes after the run's end is not looked at. */
void run_forecast_look(struct run *run);
/* Into the state folder, where one is kept; a warning where that fails. */
void run_forecast_keep(const struct run *run);

/* How much longer it took than the forecast said, in thousandths of that; negative: shorter. */
int64_t run_forecast_error(const struct run_forecast *forecast, uint64_t took_ns);

#endif
