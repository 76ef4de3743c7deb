#include "jobs/reconcile_resolve.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "jobs/codes.h"
#include "jobs/people.h"
#include "jobs/request.h"
#include "sql.h"

/* Of an open transfer only what is surely the bank's word on that very transfer. */
static bool is_proof(const struct bank_lines *lines, const struct reconcile_break *found)
{
    if (found->ours == NULL || found->theirs == NULL || !found->theirs->has_key ||
        lines_text(lines, found->theirs->reference)[0] == 0)
        return false;
    if (found->class == BREAK_RETURNED)
        return true;
    return found->class == BREAK_MISSING_HERE && found->here == HERE_IN_DOUBT &&
           found->theirs->outcome == LINE_ACCEPTED;
}

void resolve_note(struct resolve *resolve, const struct bank_lines *lines,
                  const struct reconcile_break *found)
{
    if (!is_proof(lines, found))
        return;
    if (resolve->count == resolve->capacity) {
        resolve->capacity = resolve->capacity == 0 ? 64 : 2 * resolve->capacity;
        resolve->items = realloc(resolve->items, resolve->capacity * sizeof resolve->items[0]);
        CHECK(resolve->items != NULL);
    }
    struct resolve_item *item = &resolve->items[resolve->count++];
    *item = (struct resolve_item){
        .is_return = found->class == BREAK_RETURNED,
        .settlement_id = found->ours->settlement_id,
        .step = found->ours->step,
        .kind = found->ours->kind,
        .generation = found->ours->generation,
    };
    snprintf(item->reference, sizeof item->reference, "%s",
             lines_text(lines, found->theirs->reference));
}

static bool file_item(struct resolve_item *item, struct db *db, const char *reason)
{
    char settlement[24], step[8], kind[8], generation[8];
    snprintf(settlement, sizeof settlement, "%" PRIu64, item->settlement_id);
    snprintf(step, sizeof step, "%u", item->step);
    snprintf(kind, sizeof kind, "%u", item->kind);
    snprintf(generation, sizeof generation, "%u", item->generation);
    const char *const params[] = {settlement,
                                  step,
                                  kind,
                                  generation,
                                  item->reference,
                                  people_operator(),
                                  reason,
                                  item->is_return ? "return" : "paid"};
    PGresult *result = db_query(db, sql_reconcile_request, 8, params);
    if (result != NULL && PQntuples(result) == 1) {
        snprintf(item->request_id, sizeof item->request_id, "%s", db_text(result, 0, 0));
        snprintf(item->cohort, sizeof item->cohort, "%s", db_text(result, 0, 1));
        snprintf(item->date, sizeof item->date, "%s", db_text(result, 0, 2));
    }
    PQclear(result);
    return result != NULL;
}

bool resolve_file(struct resolve *resolve, struct db *db, const char *reason)
{
    bool is_good = db_script(db, "BEGIN");
    for (uint32_t i = 0; i < resolve->count && is_good; i++) {
        is_good = file_item(&resolve->items[i], db, reason);
        resolve->filed += resolve->items[i].request_id[0] != 0;
    }
    is_good = is_good && db_script(db, "COMMIT");
    for (uint32_t i = 0; i < resolve->count && !is_good; i++)
        resolve->items[i].request_id[0] = 0;
    resolve->filed = is_good ? resolve->filed : 0;
    return is_good;
}

/* ---- answered ---- */

static int look_at(struct run *run, const struct resolve_item *item, struct request_answer *answer,
                   bool *has_owner)
{
    snprintf(answer->request_id, sizeof answer->request_id, "%s", item->request_id);
    return request_look(run, answer, has_owner);
}

static bool is_first_of_batch(const struct resolve *resolve, uint32_t index)
{
    const struct resolve_item *item = &resolve->items[index];
    for (uint32_t i = 0; i < index; i++)
        if (resolve->items[i].request_id[0] != 0 &&
            resolve->items[i].settlement_id >> 32 == item->settlement_id >> 32)
            return false;
    return item->request_id[0] != 0;
}

/* Who owns the batch has been told; without an owner this command answers. */
static int answer_batch(struct run *run, const struct resolve_item *item)
{
    struct request_answer answer;
    bool has_owner = false;
    int exit_code = look_at(run, item, &answer, &has_owner);
    if (exit_code != JOB_DONE || has_owner)
        return exit_code;
    exit_code = run_batch(run, item->cohort, item->date);
    return exit_code <= JOB_IN_DOUBT || exit_code == JOB_OWNED ? JOB_DONE : exit_code;
}

static int count_item(struct resolve *resolve, struct run *run, const struct resolve_item *item)
{
    struct request_answer answer;
    char settlement[24];
    bool has_owner;
    int exit_code = look_at(run, item, &answer, &has_owner);
    if (exit_code != JOB_DONE)
        return exit_code;
    bool is_done = strcmp(answer.state, "done") == 0;
    resolve->done += is_done;
    if (!is_done && answer.code[0] != 0)
        job_warn(codes_decision_hint(answer.code), "request %s is %s: %s", answer.request_id,
                 answer.state, codes_decision_reason(answer.code));
    if (!is_done || !item->is_return)
        return JOB_DONE;
    snprintf(settlement, sizeof settlement, "%" PRIu64, item->settlement_id);
    return request_raise_later(run, settlement);
}

int resolve_apply(struct resolve *resolve, struct job *job, const char *reason)
{
    struct run run = {.job = job, .scope = SETTLE_REQUESTED, .is_silent = true, .reason = reason};
    if (resolve->filed == 0)
        return JOB_DONE;
    int exit_code = run_batch_open(&run);
    for (uint32_t i = 0; i < resolve->count && exit_code == JOB_DONE; i++)
        if (is_first_of_batch(resolve, i))
            exit_code = answer_batch(&run, &resolve->items[i]);
    for (uint32_t i = 0; i < resolve->count && exit_code == JOB_DONE; i++)
        if (resolve->items[i].request_id[0] != 0)
            exit_code = count_item(resolve, &run, &resolve->items[i]);
    run_batch_close(&run);
    return exit_code;
}

void resolve_free(struct resolve *resolve)
{
    free(resolve->items);
    *resolve = (struct resolve){0};
}
