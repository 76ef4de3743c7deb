/*
 * plan_detection: how soon a run would see a deposit, bank by bank. For plan.c.
 */
#ifndef DAYBOOK_JOBS_PLAN_DETECTION_H
#define DAYBOOK_JOBS_PLAN_DETECTION_H

#include <jansson.h>

#include "jobs/batch.h"
#include "jobs/forecast_site.h"

struct plan_detection {
    uint64_t
        waiting[BANKS_MAX];   /* accounts whose deposit is looked for; in the order of the banks */
    bool is_known[BANKS_MAX]; /* the bank's rules, so that `seen` can be told … */
    bool is_call_assumed[BANKS_MAX];
    struct forecast_detection seen[BANKS_MAX];
};

/* False: the database could not be asked, reported. A bank whose profile cannot be read is told and
   left out: a plan shows the rest. */
MUST_USE bool plan_detection_read(struct plan_detection *detection, const struct config *config,
                                  struct db *db, const struct batch *batch,
                                  const struct batch_bank *banks, uint32_t count);
void plan_detection_print(const struct plan_detection *detection, const struct batch_bank *banks,
                          uint32_t count);
/* Adds its members to a bank's object. */
void plan_detection_json(const struct plan_detection *detection, uint32_t bank, json_t *object);

#endif
