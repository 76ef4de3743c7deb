/* The table of outcomes: what an answer means, and what no table may say. */
#include <string.h>

#include "wire/profile_load.h"

#define VALUES_MAX 16U /* of one list in a row */

static const char *const call_words[] = {"balance", "transfer", "inquiry", NULL};
static const enum call_kind calls[] = {CALL_BALANCE, CALL_TRANSFER, CALL_INQUIRY};

static const char *const outcome_words[] = {
    "balance",   "accepted", "pending",   "rejected_later", "rejected_person",
    "not_found", "not_done", "throttled", "in_doubt",       NULL,
};
static const enum answer answers[] = {
    ANSWER_BALANCE,        ANSWER_ACCEPTED,        ANSWER_PENDING,
    ANSWER_REJECTED_LATER, ANSWER_REJECTED_PERSON, ANSWER_NOT_FOUND,
    ANSWER_NOT_DONE,       ANSWER_NOT_DONE,        ANSWER_IN_DOUBT,
};
#define THROTTLED_INDEX 7U

/* A row as it is written: every list with its values. */
struct written {
    struct fy_node *node;
    uint32_t call_count, status_count, state_count, code_count, bank_code_count;
    enum call_kind call[3];
    uint16_t status[VALUES_MAX];
    const char *state[VALUES_MAX];
    const char *code[VALUES_MAX];
    const char *bank_code[VALUES_MAX];
    bool empty;
    enum answer answer;
    bool throttled;
};

/* One value or a list; where the key is absent, one NULL. */
static bool load_texts(struct loading *loading, struct fy_node *row, const char *key,
                       const char **values, uint32_t *count)
{
    struct fy_node *node = yaml_get(row, key);
    struct fy_node *item;
    *count = 0;
    values[0] = NULL;
    for (; node != NULL && (item = yaml_item(node, *count)) != NULL; ++*count) {
        const char *text;
        size_t text_bytes;
        if (*count == VALUES_MAX)
            return yaml_fail(&loading->yaml, item, "too many values; split the row");
        if (!yaml_text(&loading->yaml, item, &text, &text_bytes))
            return false;
        values[*count] = profile_load_keep(loading, item, text, text_bytes);
        if (values[*count] == NULL)
            return false;
    }
    if (node != NULL && *count == 0)
        return yaml_fail(&loading->yaml, node, "the list is empty; leave `%s` out", key);
    if (*count == 0)
        *count = 1;
    return true;
}

static bool load_calls(struct loading *loading, struct written *w)
{
    struct fy_node *node = yaml_need(&loading->yaml, w->node, "call");
    struct fy_node *item;
    for (; node != NULL && (item = yaml_item(node, w->call_count)) != NULL; w->call_count++) {
        uint32_t index;
        if (w->call_count == 3)
            return yaml_fail(&loading->yaml, item, "there are three calls only");
        if (!yaml_word(&loading->yaml, item, call_words, &index))
            return false;
        w->call[w->call_count] = calls[index];
    }
    if (node != NULL && w->call_count == 0)
        return yaml_fail(&loading->yaml, node, "the list is empty");
    return node != NULL;
}

static bool load_statuses(struct loading *loading, struct written *w)
{
    struct fy_node *node = yaml_need(&loading->yaml, w->node, "status");
    struct fy_node *item;
    for (; node != NULL && (item = yaml_item(node, w->status_count)) != NULL; w->status_count++) {
        uint64_t status;
        if (w->status_count == VALUES_MAX)
            return yaml_fail(&loading->yaml, item, "too many values; split the row");
        if (!yaml_number(&loading->yaml, item, 200, 599, &status))
            return false;
        w->status[w->status_count] = (uint16_t)status;
    }
    if (node != NULL && w->status_count == 0)
        return yaml_fail(&loading->yaml, node, "the list is empty");
    return node != NULL;
}

static bool load_outcome(struct loading *loading, struct written *w)
{
    static const char *const true_words[] = {"true", NULL};
    uint32_t index;
    struct fy_node *empty = yaml_get(w->node, "empty");
    struct fy_node *outcome = yaml_need(&loading->yaml, w->node, "outcome");
    w->empty = empty != NULL;
    if (empty != NULL && !yaml_word(&loading->yaml, empty, true_words, &index))
        return false;
    if (outcome == NULL || !yaml_word(&loading->yaml, outcome, outcome_words, &index))
        return false;
    w->answer = answers[index];
    w->throttled = index == THROTTLED_INDEX;
    return true;
}

static bool load_written(struct loading *loading, struct fy_node *node, struct written *w)
{
    static const char *const keys[] = {"call",      "status", "state",   "code",
                                       "bank_code", "empty",  "outcome", NULL};
    *w = (struct written){.node = node};
    return yaml_map(&loading->yaml, node, keys) && load_calls(loading, w) &&
           load_statuses(loading, w) &&
           load_texts(loading, node, "state", w->state, &w->state_count) &&
           load_texts(loading, node, "code", w->code, &w->code_count) &&
           load_texts(loading, node, "bank_code", w->bank_code, &w->bank_code_count) &&
           load_outcome(loading, w);
}

/* Which outcomes a call can have. */
static bool answer_fits_call(enum answer answer, enum call_kind call)
{
    switch (answer) { // uncovered: no word of the table means CHANGED
    case ANSWER_BALANCE:
        return call == CALL_BALANCE;
    case ANSWER_ACCEPTED:
    case ANSWER_PENDING:
    case ANSWER_REJECTED_LATER:
    case ANSWER_REJECTED_PERSON:
        return call != CALL_BALANCE;
    case ANSWER_NOT_FOUND:
        return call == CALL_INQUIRY;
    case ANSWER_NOT_DONE:
    case ANSWER_IN_DOUBT:
        return true;
    // uncovered: no word of the table means it
    case ANSWER_CHANGED:
        return false;
    }
    CHECK(false);
}

/* A new code under an old status must not be taken for what the old codes meant. */
static bool needs_more_than_status(const struct outcome_row *row)
{
    switch ((enum answer)row->answer) {
    case ANSWER_ACCEPTED:
    case ANSWER_REJECTED_LATER:
    case ANSWER_REJECTED_PERSON:
        return true;
    case ANSWER_NOT_FOUND:
        return !row->empty;
    case ANSWER_NOT_DONE:
        return row->status < 400;
    case ANSWER_BALANCE:
    case ANSWER_PENDING:
    case ANSWER_IN_DOUBT:
    case ANSWER_CHANGED:
        return false;
    }
    CHECK(false);
}

/* Unknown is never failed: what no table may say, however it is written. */
static bool check_safe(struct loading *loading, const struct written *w,
                       const struct outcome_row *row)
{
    struct yaml *yaml = &loading->yaml;
    bool is_good = row->answer == ANSWER_ACCEPTED || row->answer == ANSWER_PENDING ||
                   row->answer == ANSWER_BALANCE || row->answer == ANSWER_NOT_FOUND;
    bool is_unsure = row->status >= 500 || row->status == 408;
    bool may_be_unsure =
        row->answer == ANSWER_IN_DOUBT || (row->answer == ANSWER_NOT_DONE && row->status == 503);
    if (!answer_fits_call((enum answer)row->answer, (enum call_kind)row->call))
        return yaml_fail(yaml, w->node, "this outcome does not fit the call `%s`",
                         call_words[row->call]);
    if (is_unsure && !may_be_unsure)
        return yaml_fail(yaml, w->node,
                         "status %u does not tell what the bank did; only in_doubt fits "
                         "(for 503 also not_done, throttled)",
                         row->status);
    if (is_good && row->answer != ANSWER_NOT_FOUND && row->status >= 300)
        return yaml_fail(yaml, w->node, "status %u is an error; this outcome needs a 2xx",
                         row->status);
    if (needs_more_than_status(row) && row->state == NULL && row->code == NULL &&
        row->bank_code == NULL)
        return yaml_fail(yaml, w->node,
                         "a status alone does not tell that; add `state`, `code` or `bank_code`");
    if (row->empty != (row->answer == ANSWER_NOT_FOUND && row->status < 300))
        return yaml_fail(yaml, w->node, "`empty: true` and `not_found` with a 2xx belong together");
    return true;
}

static bool covers(const char *earlier, const char *later)
{
    return earlier == NULL || (later != NULL && strcmp(earlier, later) == 0);
}

static bool check_reached(struct loading *loading, const struct written *w,
                          const struct outcome_row *row)
{
    const struct profile *profile = loading->profile;
    for (uint32_t i = 0; i < profile->row_count; i++) {
        const struct outcome_row *earlier = &profile->rows[i];
        if (earlier->call == row->call && earlier->status == row->status &&
            earlier->empty == row->empty && covers(earlier->state, row->state) &&
            covers(earlier->code, row->code) && covers(earlier->bank_code, row->bank_code))
            return yaml_fail(&loading->yaml, w->node,
                             "row %u already says what `%s` answered with %u means; "
                             "take one out, or move this one before it",
                             earlier->line, call_words[row->call], row->status);
    }
    return true;
}

enum condition { CONDITION_STATE, CONDITION_CODE, CONDITION_BANK_CODE };

static bool form_has(const struct form *form, enum condition condition)
{
    switch (condition) {
    case CONDITION_STATE:
        return form->state.count > 0;
    case CONDITION_CODE:
        return form->code.count > 0;
    case CONDITION_BANK_CODE:
        return form->bank_code.count > 0;
    }
    CHECK(false);
}

static bool answer_has(const struct profile *profile, const struct outcome_row *row,
                       enum condition condition)
{
    if (row->status >= 300)
        return form_has(&profile->error, condition);
    if (row->call == CALL_BALANCE)
        return form_has(&profile->balance_answer, condition);
    for (uint32_t i = 0; i < profile->transfer_count; i++)
        if (form_has(&profile->transfers[i].answer, condition))
            return true;
    return false;
}

static bool has_listing(const struct profile *profile)
{
    for (uint32_t i = 0; i < profile->transfer_count; i++)
        if (profile->transfers[i].has_listing)
            return true;
    return false;
}

static bool has_list(const struct profile *profile)
{
    for (uint32_t i = 0; i < profile->transfer_count; i++)
        if (profile->transfers[i].list.count > 0)
            return true;
    return false;
}

/* A condition on a value that no answer has would never hold. */
static bool check_paths(struct loading *loading, const struct written *w,
                        const struct outcome_row *row)
{
    const struct {
        enum condition condition;
        const char *name;
        const char *value;
    } rows[] = {
        {CONDITION_STATE, "state", row->state},
        {CONDITION_CODE, "code", row->code},
        {CONDITION_BANK_CODE, "bank_code", row->bank_code},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].value != NULL && !answer_has(loading->profile, row, rows[i].condition))
            return yaml_fail(&loading->yaml, w->node,
                             "no `%s` is read from such an answer; say where it is, under `%s`",
                             rows[i].name, row->status >= 300 ? "error" : "answer");
    if (row->empty && !has_list(loading->profile))
        return yaml_fail(&loading->yaml, w->node,
                         "no `ask` has a list that could be empty; add `list` to it");
    return true;
}

static bool add_row(struct loading *loading, const struct written *w, struct outcome_row row)
{
    struct profile *profile = loading->profile;
    if (profile->row_count == ROWS_MAX)
        return yaml_fail(&loading->yaml, w->node, "the table has more than %u combinations",
                         ROWS_MAX);
    if (!check_safe(loading, w, &row) || !check_paths(loading, w, &row) ||
        !check_reached(loading, w, &row))
        return false;
    profile->rows[profile->row_count++] = row;
    return true;
}

/* Combination number `at` of the row's lists. */
static struct outcome_row pick(const struct written *w, uint32_t line, uint32_t at)
{
    struct outcome_row row = {
        .line = line, .answer = (uint8_t)w->answer, .throttled = w->throttled, .empty = w->empty};
    row.bank_code = w->bank_code[at % w->bank_code_count];
    at /= w->bank_code_count;
    row.code = w->code[at % w->code_count];
    at /= w->code_count;
    row.state = w->state[at % w->state_count];
    at /= w->state_count;
    row.status = w->status[at % w->status_count];
    at /= w->status_count;
    row.call = (uint8_t)w->call[at];
    return row;
}

static bool load_row(struct loading *loading, struct fy_node *node, uint32_t line)
{
    struct written w;
    uint32_t before = loading->profile->row_count;
    if (!load_written(loading, node, &w))
        return false;
    uint32_t combinations =
        w.call_count * w.status_count * w.state_count * w.code_count * w.bank_code_count;
    for (uint32_t at = 0; at < combinations; at++)
        if (!add_row(loading, &w, pick(&w, line, at)))
            return false;
    CHECK(loading->profile->row_count == before + combinations);
    return true;
}

static bool has_outcome(const struct profile *profile, enum call_kind call, enum answer answer)
{
    for (uint32_t i = 0; i < profile->row_count; i++)
        if (profile->rows[i].call == call && profile->rows[i].answer == answer)
            return true;
    return false;
}

/* Without these rows nothing could ever be settled. */
static bool check_complete(struct loading *loading, struct fy_node *node)
{
    const struct profile *profile = loading->profile;
    static const struct {
        enum call_kind call;
        enum answer answer;
        const char *text;
    } needed[] = {
        {CALL_BALANCE, ANSWER_BALANCE, "{call: balance, …, outcome: balance}"},
        {CALL_TRANSFER, ANSWER_ACCEPTED, "{call: transfer, …, outcome: accepted}"},
        {CALL_INQUIRY, ANSWER_ACCEPTED, "{call: inquiry, …, outcome: accepted}"},
        {CALL_INQUIRY, ANSWER_NOT_FOUND, "{call: inquiry, …, outcome: not_found}"},
    };
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        bool is_wanted = needed[i].call != CALL_INQUIRY ||
                         profile->rules.inquiry == INQUIRY_BY_KEY ||
                         (needed[i].answer == ANSWER_ACCEPTED && has_listing(profile));
        if (is_wanted && !has_outcome(profile, needed[i].call, needed[i].answer))
            return yaml_fail(&loading->yaml, node, "a row is missing; add `%s`", needed[i].text);
    }
    return true;
}

bool profile_load_outcomes(struct loading *loading, struct fy_node *node)
{
    if (!fy_node_is_sequence(node))
        return yaml_fail(&loading->yaml, node, "here must be a list of rows, each with a `-`");
    struct fy_node *item;
    for (uint32_t i = 0; (item = yaml_item(node, i)) != NULL; i++)
        if (!load_row(loading, item, i + 1))
            return false;
    return check_complete(loading, node);
}
