#include "jobs/run_missed.h"

#include <inttypes.h>

#include "base/time.h"
#include "sql.h"

#define LINES_MAX 10

static void tell(const PGresult *missed, int row)
{
    const char *cohort = db_text(missed, row, 0), *date = db_text(missed, row, 1);
    fprintf(stderr,
            "daybook: missed payday: %s %s %s; to make up for it: daybook run %s --date %s\n",
            cohort, date, db_text(missed, row, 2), cohort, date);
}

bool run_missed_tell(struct db *db, const struct config *config, const char *cohort,
                     const char *date)
{
    char stale_us[24], lines_max[12];
    snprintf(stale_us, sizeof stale_us, "%" PRId64, config->stale_after_ns / (int64_t)NS_PER_US);
    snprintf(lines_max, sizeof lines_max, "%d", LINES_MAX);
    const char *const params[] = {cohort, date, config->time_zone, stale_us, lines_max};
    PGresult *missed = db_query(db, sql_run_missed, 5, params);
    if (missed == NULL)
        return false;
    for (int i = 0; i < PQntuples(missed); i++)
        tell(missed, i);
    if (PQntuples(missed) > 0 && db_int(missed, 0, 3) > LINES_MAX)
        fprintf(stderr, "daybook: missed payday: and %" PRId64 " more\n",
                db_int(missed, 0, 3) - LINES_MAX);
    PQclear(missed);
    return true;
}
