/* schema apply: the migrations that are missing, in order, each in a transaction of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/failpoint.h"
#include "base/hash.h"
#include "base/hex.h"
#include "jobs/db.h"
#include "jobs/job.h"
#include "sql.h"

/* One at a time: the lock ends with the session. "daybook schema" as a number. */
#define LOCK_SQL "SELECT pg_advisory_lock(7232621904137740915)"

/* The versions that are there, as rows of version and sha256 (hex); no rows: none. */
static PGresult *read_versions(struct db *db)
{
    PGresult *there = db_query(db, sql_schema_exists, 0, NULL);
    if (there == NULL)
        return NULL;
    bool exists = db_text(there, 0, 0)[0] == 't';
    PQclear(there);
    return db_query(db, exists ? sql_schema_versions : sql_schema_no_versions, 0, NULL);
}

/* What is there must be what this program knows. */
static int check_versions(struct hash *hash, const PGresult *versions)
{
    for (int i = 0; i < PQntuples(versions); i++) {
        int64_t version = db_int(versions, i, 0);
        char hex[2 * DIGEST_BYTES + 1];
        if (i >= sql_migration_count)
            return job_fail(FAIL_SCHEMA_NEW, "use the newer daybook that made it",
                            "the database's schema is version %lld, this program knows only %d",
                            (long long)version, sql_migrations[sql_migration_count - 1].version);
        const struct sql_migration *migration = &sql_migrations[i];
        struct digest digest = hash_once(hash, migration->text, strlen(migration->text));
        hex_write(hex, digest.bytes, DIGEST_BYTES);
        if (version != migration->version || strcmp(hex, db_text(versions, i, 1)) != 0)
            return job_fail(FAIL_SCHEMA_OTHER,
                            "this database was made by another build of daybook: use that one, or "
                            "a fresh database",
                            "migration %lld (%s) was applied with another text", (long long)version,
                            db_text(versions, i, 2));
    }
    return JOB_DONE;
}

static bool apply(struct db *db, struct hash *hash, const struct sql_migration *migration)
{
    char hex[2 * DIGEST_BYTES + 1], version[16];
    struct digest digest = hash_once(hash, migration->text, strlen(migration->text));
    hex_write(hex, digest.bytes, DIGEST_BYTES);
    snprintf(version, sizeof version, "%d", migration->version);
    const char *const params[] = {version, migration->name, hex};
    if (!db_script(db, "BEGIN") || !db_script(db, migration->text) ||
        !db_script(db, "SET LOCAL ROLE daybook_owner") ||
        !db_execute(db, sql_schema_record, 3, params))
        return false;
    FAILPOINT(schema_migrated);
    if (!db_script(db, "COMMIT"))
        return false;
    FAILPOINT(schema_committed);
    printf("applied %04d %s\n", migration->version, migration->name);
    return true;
}

static bool grant_engine(struct db *db, const char *role)
{
    char *name = PQescapeIdentifier(db_connection(db), role, strlen(role));
    char *sql = NULL;
    CHECK(name != NULL);
    CHECK(asprintf(&sql, "GRANT daybook_engine TO %s", name) > 0);
    bool granted = db_script(db, sql);
    free(sql);
    PQfreemem(name);
    return granted;
}

static int apply_missing(struct db *db, struct hash *hash)
{
    if (!db_script(db, LOCK_SQL))
        return db_exit_code(db);
    FAILPOINT(schema_locked);
    PGresult *versions = read_versions(db);
    if (versions == NULL)
        return db_exit_code(db);
    int exit_code = check_versions(hash, versions);
    int there = PQntuples(versions);
    PQclear(versions);
    for (int i = there; exit_code == JOB_DONE && i < sql_migration_count; i++) {
        if (!apply(db, hash, &sql_migrations[i]))
            exit_code = db_exit_code(db);
    }
    if (exit_code == JOB_DONE && there == sql_migration_count)
        printf("the schema is up to date (version %d)\n",
               sql_migrations[sql_migration_count - 1].version);
    return exit_code;
}

int job_schema_apply(struct job *job)
{
    int exit_code;
    struct config *config = config_open(job, &exit_code);
    struct db *db = config == NULL ? NULL : db_open(config, "daybook schema", &exit_code);
    struct hash *hash = hash_open();
    CHECK(hash != NULL);
    if (db != NULL) {
        const char *role = job_text(job, "engine-role");
        exit_code = apply_missing(db, hash);
        if (exit_code == JOB_DONE && role != NULL && !grant_engine(db, role))
            exit_code = db_exit_code(db);
    }
    hash_close(hash);
    db_close(db);
    config_close(config);
    return exit_code;
}
