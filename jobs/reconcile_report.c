#include "jobs/reconcile_report.h"

#include <csv.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/text.h"
#include "jobs/job.h"
#include "jobs/report.h"

static const char *const step_names[] = {
    [STEP_COLLECT] = "collect", [STEP_HOLD] = "hold", [STEP_PAYOUT] = "payout"};

static const char *const class_texts[BREAK_CLASSES] = {
    [BREAK_MISSING_AT_BANK] = "accepted here, the bank has none",
    [BREAK_MISSING_HERE] = "done by the bank, not done here",
    [BREAK_AMOUNT] = "amount, currency or a party differs",
    [BREAK_DUPLICATE] = "a further line of the bank for one transfer",
    [BREAK_RETURNED] = "accepted here, failed or returned there",
    [BREAK_STATUS] = "open here or there for too long",
};

static const char *step_name(const struct shown_break *shown)
{
    return shown->has_order && shown->step >= STEP_COLLECT && shown->step <= STEP_PAYOUT
               ? step_names[shown->step]
               : "";
}

static const char *state_name(enum ours_state state)
{
    switch (state) {
    case OURS_OPEN:
        return "in_doubt";
    case OURS_ACCEPTED:
        return "accepted";
    case OURS_PENDING:
        return "pending";
    case OURS_REJECTED:
    case OURS_REJECTED_PERSON:
        return "rejected";
    case OURS_REVERSED:
        return "reversed";
    case OURS_BY_HAND:
        return "by_hand";
    }
    return "";
}

/* ---- a break, kept ---- */

static void keep(char *out, size_t capacity, const char *text)
{
    text_clean(out, capacity, text, strlen(text));
}

static void keep_ours(struct shown_break *shown, const struct our_transfer *ours, bool is_lost)
{
    keep(shown->account_ref, sizeof shown->account_ref, ours->account_ref);
    keep(shown->bank, sizeof shown->bank, ours->bank);
    keep(shown->currency, sizeof shown->currency, ours->currency);
    shown->settlement_id = ours->settlement_id;
    shown->step = ours->step;
    shown->kind = ours->kind;
    shown->generation = ours->generation;
    shown->has_order = true;
    hex_write(shown->key, ours->key.bytes, IDEM_KEY_BYTES);
    if (is_lost)
        return;
    shown->is_ours = true;
    keep(shown->state, sizeof shown->state,
         ours->state == OURS_OPEN && ours->may_be_sent ? "intended" : state_name(ours->state));
    keep(shown->from, sizeof shown->from, ours->from);
    keep(shown->to, sizeof shown->to, ours->to);
    shown->amount_minor = ours->amount_minor;
}

static void keep_theirs(struct shown_break *shown, const struct bank_lines *lines,
                        const struct bank_line *theirs)
{
    shown->is_theirs = true;
    if (theirs->has_key)
        hex_write(shown->key, theirs->key.bytes, IDEM_KEY_BYTES);
    else if (shown->key[0] == 0)
        keep(shown->key, sizeof shown->key, lines_text(lines, theirs->key_text));
    keep(shown->bank_state, sizeof shown->bank_state, lines_text(lines, theirs->state));
    keep(shown->bank_ref, sizeof shown->bank_ref, lines_text(lines, theirs->reference));
    keep(shown->bank_from, sizeof shown->bank_from, lines_text(lines, theirs->from));
    keep(shown->bank_to, sizeof shown->bank_to, lines_text(lines, theirs->to));
    keep(shown->bank_currency, sizeof shown->bank_currency, lines_text(lines, theirs->currency));
    shown->bank_amount_minor = theirs->amount_minor;
    shown->record = theirs->record;
}

static void keep_break(struct shown_break *shown, const struct reconcile_report *report,
                       const struct reconcile_break *found)
{
    bool is_here = found->class == BREAK_MISSING_HERE;
    *shown = (struct shown_break){.class = found->class};
    keep(shown->here, sizeof shown->here, is_here ? here_kind_names[found->here] : "");
    keep(shown->differs, sizeof shown->differs, found->differs);
    if (report->bank != NULL)
        keep(shown->bank, sizeof shown->bank, report->bank);
    if (found->ours != NULL)
        keep_ours(shown, found->ours, is_here && found->here == HERE_LOST);
    if (found->theirs != NULL)
        keep_theirs(shown, report->lines, found->theirs);
}

/* ---- every break, as a row ---- */

static const char header[] =
    "class,known_here,differs,bank,account_ref,settlement_id,step,kind,generation,idem_key,state,"
    "amount_minor,currency,from_account,to_account,bank_ref,bank_status,bank_amount_minor,"
    "bank_currency,bank_from_account,bank_to_account,bank_line\n";

static void put_text(FILE *out, const char *text, char end)
{
    (void)csv_fwrite(out, text, strlen(text));
    fputc(end, out);
}

static void put_number(FILE *out, bool is_there, int64_t number, char end)
{
    if (is_there)
        fprintf(out, "%" PRId64, number);
    fputc(end, out);
}

static void write_row(FILE *out, const struct shown_break *shown)
{
    put_text(out, break_class_names[shown->class], ',');
    put_text(out, shown->here, ',');
    put_text(out, shown->differs, ',');
    put_text(out, shown->bank, ',');
    put_text(out, shown->account_ref, ',');
    put_number(out, shown->settlement_id != 0, (int64_t)shown->settlement_id, ',');
    put_text(out, step_name(shown), ',');
    put_text(out, !shown->has_order ? "" : shown->kind == TRANSFER_UNDO ? "undo" : "normal", ',');
    put_number(out, shown->has_order, shown->generation, ',');
    put_text(out, shown->key, ',');
    put_text(out, shown->state, ',');
    put_number(out, shown->is_ours, shown->amount_minor, ',');
    put_text(out, shown->currency, ',');
    put_text(out, shown->from, ',');
    put_text(out, shown->to, ',');
    put_text(out, shown->bank_ref, ',');
    put_text(out, shown->bank_state, ',');
    put_number(out, shown->is_theirs, shown->bank_amount_minor, ',');
    put_text(out, shown->bank_currency, ',');
    put_text(out, shown->bank_from, ',');
    put_text(out, shown->bank_to, ',');
    put_number(out, shown->is_theirs, shown->record, '\n');
}

static bool fail_file(const char *file)
{
    (void)job_fail(JOB_TRY_AGAIN, NULL, "--breaks %s: %s", file, strerror(errno));
    return false;
}

bool reconcile_report_begin(struct reconcile_report *report, const char *breaks_file)
{
    for (int i = 0; i < BREAK_CLASSES; i++) {
        report->shown[i] = calloc(report->first + 1, sizeof report->shown[i][0]);
        CHECK(report->shown[i] != NULL);
    }
    if (breaks_file == NULL)
        return true;
    // Account numbers are in it: nobody else's to read.
    mode_t mask = umask(077);
    CHECK((report->breaks_file = strdup(breaks_file)) != NULL);
    CHECK(asprintf(&report->breaks_beside, "%s.new", breaks_file) > 0);
    report->breaks = fopen(report->breaks_beside, "we");
    umask(mask);
    if (report->breaks == NULL)
        return fail_file(breaks_file);
    fputs(header, report->breaks);
    return true;
}

/* ---- as they are found ---- */

static void add_money(struct reconcile_report *report, const struct shown_break *shown)
{
    const char *currency = shown->currency[0] != 0 ? shown->currency : shown->bank_currency;
    int64_t amount_minor = shown->is_ours ? shown->amount_minor : shown->bank_amount_minor;
    uint32_t i = 0;
    while (i < report->currency_count && strcmp(report->money[i].currency, currency) != 0)
        i++;
    if (i == REPORT_CURRENCIES_MAX)
        i--; // so many that the last ones share a row
    if (i == report->currency_count) {
        keep(report->money[i].currency, sizeof report->money[i].currency, currency);
        report->currency_count++;
    }
    int64_t *sum = &report->money[i].amount_minor[shown->class];
    if (__builtin_add_overflow(*sum, amount_minor, sum))
        *sum = INT64_MAX;
}

static json_t *json_of(const struct shown_break *shown);

void reconcile_report_break(void *context, const struct reconcile_break *found)
{
    struct reconcile_report *report = context;
    struct shown_break shown;
    keep_break(&shown, report, found);
    add_money(report, &shown);
    if (report->breaks != NULL)
        write_row(report->breaks, &shown);
    if (report->form == REPORT_JSONL) {
        json_t *object = json_of(&shown);
        CHECK(object != NULL);
        json_dumpf(object, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(object);
    }
    uint32_t *count = &report->shown_count[found->class];
    if (*count < report->first)
        report->shown[found->class][(*count)++] = shown;
}

void reconcile_report_add(struct reconcile_report *report, const struct matching *matching)
{
    for (int i = 0; i < BREAK_CLASSES; i++)
        report->counts[i] += matching->counts[i];
    for (int i = 0; i < HERE_KINDS; i++)
        report->here[i] += matching->here[i];
    report->lines_read += matching->lines->count;
    report->agreed += matching->agreed;
    report->under_way += matching->under_way;
    report->failed += matching->failed;
    report->elsewhere += matching->elsewhere;
}

uint64_t reconcile_report_breaks(const struct reconcile_report *report)
{
    uint64_t breaks = 0;
    for (int i = 0; i < BREAK_CLASSES; i++)
        breaks += report->counts[i];
    return breaks;
}

/* ---- for programs ---- */

static json_t *json_side(int64_t amount_minor, const char *currency, const char *from,
                         const char *to, const char *state, const char *reference)
{
    return json_pack("{s:o, s:s, s:s, s:s, s:s, s:s}", "amount_minor",
                     report_json_money(amount_minor), "currency", currency, "from", from, "to", to,
                     "state", state, "bank_ref", reference);
}

static json_t *json_of(const struct shown_break *shown)
{
    char settlement[24];
    snprintf(settlement, sizeof settlement, "%" PRIu64, shown->settlement_id);
    json_t *object =
        json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s*, s:s*, s:s*, s:s, s:i}", "schema_version",
                  REPORT_SCHEMA_VERSION, "type", "break", "class", break_class_names[shown->class],
                  "differs", shown->differs, "bank", shown->bank, "idem_key", shown->key,
                  "known_here", shown->here[0] != 0 ? shown->here : NULL, "account_ref",
                  shown->account_ref[0] != 0 ? shown->account_ref : NULL, "settlement_id",
                  shown->settlement_id != 0 ? settlement : NULL, "step", step_name(shown),
                  "generation", (int)shown->generation);
    CHECK(object != NULL);
    if (shown->is_ours)
        json_object_set_new(object, "here",
                            json_side(shown->amount_minor, shown->currency, shown->from, shown->to,
                                      shown->state, ""));
    if (shown->is_theirs)
        json_object_set_new(object, "there",
                            json_side(shown->bank_amount_minor, shown->bank_currency,
                                      shown->bank_from, shown->bank_to, shown->bank_state,
                                      shown->bank_ref));
    return object;
}

static json_t *json_classes(const struct reconcile_report *report)
{
    json_t *classes = json_object();
    for (int i = 0; i < BREAK_CLASSES; i++) {
        json_t *money = json_object();
        for (uint32_t j = 0; j < report->currency_count; j++)
            if (report->money[j].amount_minor[i] != 0)
                json_object_set_new(money, report->money[j].currency,
                                    report_json_money(report->money[j].amount_minor[i]));
        json_object_set_new(
            classes, break_class_names[i],
            json_pack("{s:I, s:o}", "count", (json_int_t)report->counts[i], "amount_minor", money));
    }
    return classes;
}

static json_t *json_document(const struct reconcile_report *report, const struct reconcile_end *end)
{
    json_t *here = json_object();
    for (int i = 0; i < HERE_KINDS; i++)
        json_object_set_new(here, here_kind_names[i], json_integer((json_int_t)report->here[i]));
    json_t *document = json_pack(
        "{s:i, s:s, s:s*, s:s*, s:s, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:I, s:I, s:s*}",
        "schema_version", REPORT_SCHEMA_VERSION, "type", "summary", "cohort", end->cohort, "date",
        end->date, "source", end->source, "exit_code", end->exit_code, "bank_lines",
        (json_int_t)report->lines_read, "agreed", (json_int_t)report->agreed, "under_way",
        (json_int_t)report->under_way, "failed_on_both_sides", (json_int_t)report->failed,
        "of_other_batches", (json_int_t)report->elsewhere, "break_count",
        (json_int_t)reconcile_report_breaks(report), "breaks", json_classes(report), "missing_here",
        here, "requests_filed", (json_int_t)end->requests, "requests_done",
        (json_int_t)end->requests_done, "refusal", end->lifted);
    CHECK(document != NULL);
    return document;
}

static void print_json(const struct reconcile_report *report, const struct reconcile_end *end)
{
    json_t *document = json_document(report, end);
    if (report->form == REPORT_JSONL) {
        json_dumpf(document, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(document);
        return;
    }
    json_t *first = json_array();
    for (int i = 0; i < BREAK_CLASSES; i++)
        for (uint32_t j = 0; j < report->shown_count[i]; j++)
            json_array_append_new(first, json_of(&report->shown[i][j]));
    json_object_set_new(document, "first", first);
    report_json_print(document);
}

/* ---- for people ---- */

static void print_count(const char *name, uint64_t count, const char *more)
{
    char text[MONEY_TEXT_BYTES];
    printf("  %-18s %12s%s%s\n", name, report_count(count, text), more[0] != 0 ? "   " : "", more);
}

static void print_side(const char *where, int64_t amount_minor, const char *currency,
                       const char *from, const char *to, const char *state)
{
    char amount[MONEY_TEXT_BYTES];
    printf("        %-6s %s %s  %s -> %s  %s\n", where, money_format(amount_minor, amount),
           currency, from, to, state);
}

static void print_break(const struct shown_break *shown)
{
    printf("    %s", shown->account_ref[0] != 0 ? shown->account_ref : "no account of ours");
    if (shown->settlement_id != 0)
        printf("  settlement %" PRIu64, shown->settlement_id);
    if (shown->has_order)
        printf("  %s%s %u", shown->kind == TRANSFER_UNDO ? "undo_" : "", step_name(shown),
               shown->generation);
    printf("  key %s  %s%s%s\n", shown->key[0] != 0 ? shown->key : "none", shown->here,
           shown->here[0] != 0 ? ": " : "", shown->differs);
    if (shown->is_ours)
        print_side("here", shown->amount_minor, shown->currency, shown->from, shown->to,
                   shown->state);
    if (shown->is_theirs)
        print_side("there", shown->bank_amount_minor, shown->bank_currency, shown->bank_from,
                   shown->bank_to, shown->bank_state);
    if (shown->bank_ref[0] != 0)
        printf("               reference %s, line %u\n", shown->bank_ref, shown->record);
}

static void print_money(const struct reconcile_report *report, int class)
{
    for (uint32_t i = 0; i < report->currency_count; i++) {
        char text[MONEY_TEXT_BYTES];
        if (report->money[i].amount_minor[class] != 0)
            printf("  %-18s %24s %s\n", "",
                   money_format(report->money[i].amount_minor[class], text),
                   report->money[i].currency);
    }
}

static void print_class(const struct reconcile_report *report, int class)
{
    if (report->counts[class] == 0)
        return;
    print_count(break_class_names[class], report->counts[class], class_texts[class]);
    print_money(report, class);
    for (int i = 0; class == BREAK_MISSING_HERE && i < HERE_KINDS; i++) {
        char text[MONEY_TEXT_BYTES];
        if (report->here[i] > 0)
            printf("    of these %-9s %12s\n", here_kind_names[i],
                   report_count(report->here[i], text));
    }
    for (uint32_t i = 0; i < report->shown_count[class]; i++)
        print_break(&report->shown[class][i]);
    if (report->shown_count[class] < report->counts[class])
        printf("    … and %" PRIu64 " more (--breaks FILE.csv lists all)\n",
               report->counts[class] - report->shown_count[class]);
}

static void print_table(const struct reconcile_report *report, const struct reconcile_end *end)
{
    uint64_t breaks = reconcile_report_breaks(report);
    if (end->cohort != NULL)
        printf("%s %s ", end->cohort, end->date);
    printf("against %s\n", end->source);
    print_count("lines of the bank", report->lines_read, "");
    print_count("agreed", report->agreed, "accepted on both sides, all the same");
    if (report->under_way > 0)
        print_count("under way", report->under_way, "open, or too new to be compared");
    if (report->failed > 0)
        print_count("failed", report->failed, "done on neither side");
    if (report->elsewhere > 0)
        print_count("other batches", report->elsewhere, "");
    print_count("breaks", breaks, breaks == 0 ? "" : "ledger and bank differ:");
    for (int i = 0; i < BREAK_CLASSES; i++)
        print_class(report, i);
    if (end->requests > 0)
        print_count("requests filed", end->requests, "");
    if (end->requests > 0)
        print_count("… done", end->requests_done, "");
    if (end->lifted != NULL)
        printf("%s\n", end->lifted);
}

/* ---- the end ---- */

static bool finish_file(struct reconcile_report *report)
{
    if (report->breaks == NULL)
        return true;
    bool is_good = fflush(report->breaks) == 0 && ferror(report->breaks) == 0;
    is_good = fclose(report->breaks) == 0 && is_good;
    report->breaks = NULL;
    if (is_good && rename(report->breaks_beside, report->breaks_file) == 0)
        return true;
    return fail_file(report->breaks_file);
}

bool reconcile_report_end(struct reconcile_report *report, const struct reconcile_end *end)
{
    if (!finish_file(report))
        return false;
    if (report->form != REPORT_TABLE)
        print_json(report, end);
    else if (!report->quiet || end->exit_code != JOB_DONE)
        print_table(report, end);
    return true;
}

void reconcile_report_free(struct reconcile_report *report)
{
    if (report->breaks != NULL) {
        fclose(report->breaks);
        (void)unlink(report->breaks_beside);
    }
    free(report->breaks_file);
    free(report->breaks_beside);
    for (int i = 0; i < BREAK_CLASSES; i++)
        free(report->shown[i]);
}
