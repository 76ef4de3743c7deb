#include "jobs/verify_guards.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "sql.h"

#define SHOWN 20

static void tell(const char *where, const char *what, uint64_t *faults)
{
    char clean[512];
    if (++*faults > SHOWN)
        return;
    text_clean(clean, sizeof clean, what, strlen(what));
    fprintf(stderr, "%s: %s\n", where, clean);
}

static bool tell_rows(struct db *db, const char *sql, const char *where, uint64_t *faults)
{
    PGresult *rows = db_query(db, sql, 0, NULL);
    if (rows == NULL)
        return false;
    for (int row = 0; row < PQntuples(rows); row++)
        tell(where, db_text(rows, row, 0), faults);
    PQclear(rows);
    return true;
}

/* Where a migration makes the function; NULL: it does not. */
static const char *made_in(const char *migration, const char *how, const char *name)
{
    char made[128];
    snprintf(made, sizeof made, "%s FUNCTION daybook.%.64s(", how, name);
    return strstr(migration, made);
}

/* An older body is one that somebody put back. */
static bool is_of_its_migration(const char *name, const char *source)
{
    for (int i = sql_migration_count - 1; i >= 0; i--) {
        const char *text = made_in(sql_migrations[i].text, "CREATE OR REPLACE", name);
        if (text == NULL)
            text = made_in(sql_migrations[i].text, "CREATE", name);
        if (text != NULL)
            return strstr(text, source) != NULL;
    }
    return false;
}

/* A function's body stands in the newest migration that makes it, letter by letter. */
static bool check_functions(struct db *db, uint64_t *faults)
{
    PGresult *rows = db_query(db, sql_verify_functions, 0, NULL);
    if (rows == NULL)
        return false;
    for (int row = 0; row < PQntuples(rows); row++) {
        char what[160];
        if (is_of_its_migration(PQgetvalue(rows, row, 0), PQgetvalue(rows, row, 1)))
            continue;
        snprintf(what, sizeof what, "no migration made the function %s as it is",
                 db_text(rows, row, 0));
        tell("schema", what, faults);
    }
    PQclear(rows);
    return true;
}

bool verify_guards(struct db *db, uint64_t *faults)
{
    uint64_t found = 0;
    bool asked = tell_rows(db, sql_verify_guards, "schema", &found) &&
                 check_functions(db, &found) && tell_rows(db, sql_verify_strangers, "rows", &found);
    if (found > SHOWN)
        fprintf(stderr, "schema: … and %" PRIu64 " more\n", found - SHOWN);
    *faults += found;
    return asked;
}
