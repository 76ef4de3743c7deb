#include "jobs/run_heads.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "jobs/expect_head.h"
#include "jobs/file.h"

#define LINE_BYTES 160

static const char by_option[] = "--expect-head";
static const char by_file[] = "the state file";
static const char by_run[] = "this run wrote it";

bool run_heads_parse(const char *text, struct claim_known *known)
{
    static const char no_hash[] =
        ":0000000000000000000000000000000000000000000000000000000000000000";
    char whole[EXPECT_HEAD_BYTES];
    struct expect_head head;
    bool has_hash = expect_head_parse(text, &head);
    if (!has_hash) {
        int bytes = snprintf(whole, sizeof whole, "%s%s", text, no_hash);
        if (bytes >= (int)sizeof whole || !expect_head_parse(whole, &head))
            return false;
    }
    *known = (struct claim_known){.partition = head.partition,
                                  .chunk = head.chunk,
                                  .has_hash = has_hash,
                                  .hash = head.hash,
                                  .from = by_option};
    return true;
}

static void add(struct run_heads *heads, const struct claim_known *known)
{
    if (heads->count < RUN_HEADS_MAX)
        heads->known[heads->count++] = *known;
}

static int read_options(struct run_heads *heads, const struct job *job)
{
    const char *text;
    for (size_t i = 0; (text = job_text_at(job, "expect-head", i)) != NULL; i++) {
        struct claim_known known;
        if (i >= PARTITIONS_MAX || !run_heads_parse(text, &known))
            return job_fail(JOB_USAGE, EXPECT_HEAD_HINT ", which may be left out",
                            "--expect-head: \"%.80s\" is no head", text);
        add(heads, &known);
    }
    return JOB_DONE;
}

/* ---- the state file ---- */

char *run_heads_folder(const struct config *config)
{
    char *folder = NULL;
    const char *home = getenv("XDG_STATE_HOME");
    if (config->state_folder != NULL)
        return strcmp(config->state_folder, "none") == 0 ? NULL : strdup(config->state_folder);
    if (home == NULL || home[0] != '/') // relative ones are to be ignored
        return NULL;
    CHECK(asprintf(&folder, "%s/daybook", home) > 0);
    return folder;
}

void run_heads_make_folder(const struct config *config, const char *folder)
{
    if (config->state_folder == NULL)
        (void)mkdir(getenv("XDG_STATE_HOME"), 0700);
    (void)mkdir(folder, 0700); // where that fails, the first write tells
}

static char *file_of(const struct config *config, struct db *db, const struct batch *batch)
{
    char *folder = run_heads_folder(config), *file = NULL;
    if (folder == NULL)
        return NULL;
    PGresult *result = db_query(db, "SELECT installation_id FROM daybook.installation", 0, NULL);
    if (result != NULL && PQntuples(result) == 1) {
        run_heads_make_folder(config, folder);
        CHECK(asprintf(&file, "%s/heads-%s-%s", folder, db_text(result, 0, 0), batch->id) > 0);
    }
    PQclear(result);
    free(folder);
    return file;
}

/* Lines that are not heads are passed over: other versions may have written them. */
static void read_file(const char *file, struct run_heads *heads)
{
    char line[LINE_BYTES];
    FILE *in = fopen(file, "re");
    if (in == NULL) {
        if (errno != ENOENT)
            job_warn("the run goes on without what it remembers", "%s: %s", file, strerror(errno));
        return;
    }
    for (uint32_t i = 0; i < PARTITIONS_MAX && fgets(line, sizeof line, in) != NULL;) {
        struct claim_known known;
        line[strcspn(line, "\n")] = '\0';
        if (!run_heads_parse(line, &known))
            continue;
        known.from = by_file;
        add(heads, &known);
        i++;
    }
    fclose(in);
}

int run_heads_open(struct run_heads *heads, const struct job *job, const struct config *config,
                   struct db *db, const struct batch *batch)
{
    *heads = (struct run_heads){0};
    int exit_code = read_options(heads, job);
    if (exit_code != JOB_DONE)
        return exit_code;
    heads->file = file_of(config, db, batch);
    if (heads->file != NULL)
        read_file(heads->file, heads);
    return JOB_DONE;
}

void run_heads_note(struct run_heads *heads, uint32_t partition, uint32_t chunk,
                    const struct digest *hash)
{
    struct claim_known seen = {
        .partition = partition, .chunk = chunk, .has_hash = true, .hash = *hash, .from = by_run};
    for (uint32_t i = 0; i < heads->count; i++) {
        struct claim_known *known = &heads->known[i];
        if (known->from == by_run && known->partition == partition) {
            *known = seen;
            return;
        }
    }
    add(heads, &seen);
}

/* The newest of a partition: another process may have written a newer one meanwhile. */
static const struct claim_known *newest(const struct run_heads *heads, uint32_t partition)
{
    const struct claim_known *best = NULL;
    for (uint32_t i = 0; i < heads->count; i++) {
        const struct claim_known *known = &heads->known[i];
        if (known->partition == partition && known->has_hash && known->from != by_option &&
            (best == NULL || known->chunk > best->chunk))
            best = known;
    }
    return best;
}

static void write_file(const struct run_heads *heads)
{
    char text[PARTITIONS_MAX * (EXPECT_HEAD_BYTES + 1)], error[FILE_ERROR_BYTES];
    size_t bytes = 0;
    for (uint32_t partition = 0; partition < PARTITIONS_MAX; partition++) {
        const struct claim_known *known = newest(heads, partition);
        if (known == NULL || known->chunk == 0)
            continue;
        const struct expect_head head = {
            .partition = partition, .chunk = known->chunk, .hash = known->hash};
        expect_head_write(&head, text + bytes);
        bytes += strlen(text + bytes);
        text[bytes++] = '\n';
    }
    if (!file_replace(heads->file, text, bytes, error))
        job_warn("set state_folder to a folder that this user may write, or to none",
                 "where the ledger ended could not be remembered: %s", error);
}

void run_heads_save(const struct run_heads *heads)
{
    if (heads->file == NULL)
        return;
    struct run_heads all = *heads;
    read_file(heads->file, &all);
    write_file(&all);
}

void run_heads_replace(struct run_heads *heads, const struct claim_known *known, uint32_t count)
{
    heads->count = 0;
    for (uint32_t i = 0; i < count; i++)
        run_heads_note(heads, known[i].partition, known[i].chunk, &known[i].hash);
    if (heads->file != NULL)
        write_file(heads);
}

void run_heads_close(struct run_heads *heads)
{
    free(heads->file);
    heads->file = NULL;
}
