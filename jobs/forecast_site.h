/*
 * forecast_site: what a forecast takes from this site: the configuration, what was measured on this
 * machine and with these banks, and cautious assumptions where nothing was.
 *
 * Begin, add every bank, end; then `input` is whole.
 */
#ifndef DAYBOOK_JOBS_FORECAST_SITE_H
#define DAYBOOK_JOBS_FORECAST_SITE_H

#include "base/bank_rules.h"
#include "jobs/config.h"
#include "jobs/forecast.h"
#include "jobs/machine.h"

/* Where nothing was measured: about a fifth of what a small machine carried, a slow disk, and a
   bank on the other side of a country. */
#define FORECAST_ASSUMED_PER_S 2000
#define FORECAST_ASSUMED_COMMIT_NS (25 * NS_PER_MS)
#define FORECAST_ASSUMED_CALL_NS (100 * NS_PER_MS)
/* From a forecast to its run's first call: claim, sessions, the first page. */
#define FORECAST_START_NS (200 * NS_PER_MS)

#define FORECAST_WORDS_BYTES 192

struct forecast_site {
    struct forecast_input input;
    const char *names[BANKS_MAX]; /* of the banks of `input`; the caller's */
    bool is_call_assumed[BANKS_MAX];
    bool is_speed_assumed;
    bool is_bank_here; /* one of them runs on this machine */
    struct machine machine;
    enum machine_found found;
    char error[FILE_ERROR_BYTES]; /* FOREIGN, BROKEN: why it is not used */
};

void forecast_site_begin(struct forecast_site *site, const struct config *config);
/* `rules` are those that a run would keep. `configured` tells the address, under which the time of
   a call was measured; NULL: none is. The settlements and calls are the caller's to fill in. */
struct forecast_bank *forecast_site_add(struct forecast_site *site, const char *name,
                                        const struct config_bank *configured,
                                        const struct bank_rules *rules);
/* A bank's settlements are looked for, carried out and checked. */
void forecast_site_plan(struct forecast_site *site, uint32_t bank, uint64_t settlements);
/* Once the calls are known: what the machine carries of such settlements. */
void forecast_site_end(struct forecast_site *site);

/* ---- words ---- */

/* "rate", "calls", "slots", "machine", "path", "deposits" */
const char *forecast_site_limit(enum forecast_limit limit);
/* "bank north's rate of 500 calls/s"; returns `out`. */
const char *forecast_site_words(const struct forecast_site *site,
                                const struct forecast_bound *bound, char out[FORECAST_WORDS_BYTES]);
/* The bank of a bound; NULL: it is none's. */
const char *forecast_site_bank(const struct forecast_site *site,
                               const struct forecast_bound *bound);

#endif
