#include "jobs/verify_body.h"

#include <stdlib.h>
#include <string.h>

#include "jobs/job.h"
#include "sql.h"
#include "wire/profile.h"

#define TEXTS 5 /* bank, virtual account, payout bank, payout account, holder name */
#define TEXTS_BYTES_MAX (sizeof(struct parties) + BANK_TEXT_MAX + 1)

enum profile_column {
    PROFILE_ID,
    PROFILE_BANK,
    PROFILE_COLLECTION,
    PROFILE_SUSPENSE,
    PROFILE_BODY,
    PROFILE_SHA256_FITS,
    PROFILE_POOL,
};

/* Loaded when the first intent names it. */
struct kept_profile {
    int64_t id;
    const char *bank; /* in `rows` */
    int row;
    struct profile *profile;
    const char *wrong;
};

/* Which profile a bank had in a run: all its intents name the same one. */
struct used_profile {
    const char *bank;
    uint32_t epoch;
    int64_t profile_id;
};

struct verify_bodies {
    struct hash *hash;
    char currency[4];
    PGresult *rows;
    struct kept_profile *profiles; /* by id */
    uint32_t profile_count;
    struct used_profile used[BANKS_MAX];
    uint32_t used_count;
    /* texts of the names, one after the other */
    char *texts;
    size_t texts_used, texts_capacity;
    size_t *text_at;
    uint32_t count, capacity;
};

struct verify_bodies *verify_bodies_open(struct db *db, struct hash *hash, const char *currency)
{
    PGresult *rows = db_query(db, sql_verify_profiles, 0, NULL);
    if (rows == NULL)
        return NULL;
    struct verify_bodies *bodies = calloc(1, sizeof *bodies);
    CHECK(bodies != NULL);
    bodies->hash = hash;
    memcpy(bodies->currency, currency, sizeof bodies->currency);
    bodies->rows = rows;
    bodies->profile_count = (uint32_t)PQntuples(rows);
    bodies->profiles = calloc(bodies->profile_count + 1, sizeof bodies->profiles[0]);
    CHECK(bodies->profiles != NULL);
    for (int row = 0; row < PQntuples(rows); row++)
        bodies->profiles[row] = (struct kept_profile){
            .id = db_int(rows, row, PROFILE_ID),
            .bank = db_text(rows, row, PROFILE_BANK),
            .row = row,
        };
    return bodies;
}

void verify_bodies_close(struct verify_bodies *bodies)
{
    if (bodies == NULL)
        return;
    for (uint32_t i = 0; i < bodies->profile_count; i++)
        profile_close(bodies->profiles[i].profile);
    PQclear(bodies->rows);
    free(bodies->profiles);
    free(bodies->texts);
    free(bodies->text_at);
    free(bodies);
}

/* ---- outside names ---- */

static void put_text(struct verify_bodies *bodies, const char *text)
{
    size_t bytes = strlen(text) + 1;
    memcpy(bodies->texts + bodies->texts_used, text, bytes);
    bodies->texts_used += bytes;
}

uint32_t verify_bodies_add(struct verify_bodies *bodies, const char *bank,
                           const struct parties *parties)
{
    if (bodies->count == bodies->capacity) {
        bodies->capacity = bodies->capacity == 0 ? 4096 : bodies->capacity * 2;
        bodies->text_at = realloc(bodies->text_at, bodies->capacity * sizeof bodies->text_at[0]);
        CHECK(bodies->text_at != NULL);
    }
    if (bodies->texts_capacity - bodies->texts_used < TEXTS_BYTES_MAX) {
        bodies->texts_capacity = bodies->texts_capacity * 2 + 4096 * TEXTS_BYTES_MAX;
        bodies->texts = realloc(bodies->texts, bodies->texts_capacity);
        CHECK(bodies->texts != NULL);
    }
    bodies->text_at[bodies->count++] = bodies->texts_used;
    put_text(bodies, bank);
    put_text(bodies, parties->virtual_account);
    put_text(bodies, parties->payout_bank);
    put_text(bodies, parties->payout_account);
    put_text(bodies, parties->holder_name);
    return bodies->count - 1;
}

static const char *take_text(const char *text, char *out, size_t capacity)
{
    size_t bytes = strlen(text) + 1;
    CHECK(bytes <= capacity);
    memcpy(out, text, bytes);
    return text + bytes;
}

/* Returns the bank. */
static const char *take_parties(const struct verify_bodies *bodies, uint32_t names,
                                struct parties *parties)
{
    CHECK(names < bodies->count);
    const char *bank = bodies->texts + bodies->text_at[names];
    const char *at = bank + strlen(bank) + 1;
    at = take_text(at, parties->virtual_account, sizeof parties->virtual_account);
    at = take_text(at, parties->payout_bank, sizeof parties->payout_bank);
    at = take_text(at, parties->payout_account, sizeof parties->payout_account);
    take_text(at, parties->holder_name, sizeof parties->holder_name);
    return bank;
}

/* ---- profiles ---- */

static void load(struct verify_bodies *bodies, struct kept_profile *kept)
{
    char error[PROFILE_ERROR_BYTES], name[64];
    const struct profile_site site = {
        .host = "verify", // neither it, nor the prefix and the token, are in a body
        .path_prefix = "",
        .token = "",
        .collection_account = db_text(bodies->rows, kept->row, PROFILE_COLLECTION),
        .suspense_account = db_text(bodies->rows, kept->row, PROFILE_SUSPENSE),
        .pool_account = db_text(bodies->rows, kept->row, PROFILE_POOL),
        .currency = bodies->currency,
    };
    if (db_text(bodies->rows, kept->row, PROFILE_SHA256_FITS)[0] != 't') {
        kept->wrong = "an intent by a bank profile whose text was changed";
        return;
    }
    snprintf(name, sizeof name, "profile %lld of %s", (long long)kept->id, kept->bank);
    kept->profile =
        profile_load_text(name, PQgetvalue(bodies->rows, kept->row, PROFILE_BODY),
                          (size_t)PQgetlength(bodies->rows, kept->row, PROFILE_BODY), &site, error);
    if (kept->profile != NULL)
        return;
    kept->wrong = "an intent by a bank profile that cannot be read";
    job_warn(NULL, "%s", error);
}

static struct kept_profile *find(struct verify_bodies *bodies, int64_t id)
{
    uint32_t low = 0, high = bodies->profile_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (bodies->profiles[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    struct kept_profile *kept = &bodies->profiles[low];
    if (low == bodies->profile_count || kept->id != id)
        return NULL;
    if (kept->profile == NULL && kept->wrong == NULL)
        load(bodies, kept);
    return kept;
}

/* The chain goes by rising epochs: only the newest run of each bank is remembered. */
static bool is_used(struct verify_bodies *bodies, const struct kept_profile *kept, uint32_t epoch)
{
    struct used_profile *used = bodies->used;
    uint32_t at = 0;
    while (at < bodies->used_count && strcmp(used[at].bank, kept->bank) != 0)
        at++;
    if (at == BANKS_MAX)
        return false;
    if (at == bodies->used_count)
        bodies->used_count++;
    if (used[at].bank == NULL || used[at].epoch != epoch)
        used[at] =
            (struct used_profile){.bank = kept->bank, .epoch = epoch, .profile_id = kept->id};
    return used[at].profile_id == kept->id;
}

const char *verify_bodies_check(struct verify_bodies *bodies, uint32_t names, uint32_t epoch,
                                int64_t profile_id, const struct transfer_order *order,
                                const struct digest *body)
{
    struct parties parties;
    const char *bank = take_parties(bodies, names, &parties);
    const struct kept_profile *kept = find(bodies, profile_id);
    if (kept == NULL)
        return "an intent that names no bank profile";
    if (kept->wrong != NULL)
        return kept->wrong;
    if (strcmp(kept->bank, bank) != 0)
        return "an intent by the profile of another bank";
    if (!is_used(bodies, kept, epoch))
        return "an intent by another profile than its run's";
    const struct digest rendered =
        profile_body_digest(kept->profile, bodies->hash, order, &parties);
    if (memcmp(rendered.bytes, body->bytes, DIGEST_BYTES) != 0)
        return "an intent whose body is not what its profile and mapping give";
    return NULL;
}
