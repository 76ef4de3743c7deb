#include "jobs/job.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static struct job_said *kept; /* NULL: told at once */

static const struct job_option *find(const struct job *job, const char *name)
{
    for (size_t i = 0; i < job->command->option_count; i++) {
        if (strcmp(job->command->options[i].name, name) == 0)
            return &job->command->options[i];
    }
    CHECK(!"an option that is in the table");
    return NULL;
}

static const struct job_value *last_value(const struct job *job, const struct job_option *option)
{
    for (size_t i = job->value_count; i-- > 0;) {
        if (job->values[i].option == option)
            return &job->values[i];
    }
    return NULL;
}

bool job_given(const struct job *job, const char *name)
{
    return last_value(job, find(job, name)) != NULL;
}

bool job_flag(const struct job *job, const char *name)
{
    return job_given(job, name);
}

const char *job_text(const struct job *job, const char *name)
{
    const struct job_option *option = find(job, name);
    const struct job_value *value = last_value(job, option);
    return value != NULL ? value->text : option->initial;
}

const char *job_text_at(const struct job *job, const char *name, size_t index)
{
    const struct job_option *option = find(job, name);
    for (size_t i = 0; i < job->value_count; i++) {
        if (job->values[i].option == option && index-- == 0)
            return job->values[i].text;
    }
    return NULL;
}

int64_t job_number(const struct job *job, const char *name)
{
    const struct job_option *option = find(job, name);
    const struct job_value *value = last_value(job, option);
    char error[VALUE_ERROR_BYTES];
    int64_t number = 0;
    if (value != NULL)
        return value->value;
    CHECK(option->initial != NULL);
    CHECK(value_parse(&option->rule, option->initial, &number, error));
    return number;
}

const char *job_operand(const struct job *job, size_t index)
{
    return index < job->operand_count ? job->operands[index] : NULL;
}

void job_fix_date(struct job *job, const char *date)
{
    snprintf(job->date, sizeof job->date, "%s", date);
    for (size_t i = 0; i < job->value_count; i++) {
        if (job->values[i].option->rule.kind == VALUE_DATE && job->values[i].value < 0)
            job->values[i].text = job->date;
    }
}

/* One line a message: what outsiders said may carry control bytes. */
static void print_line(const char *label, const char *text)
{
    char line[JOB_MESSAGE_BYTES];
    text_clean(line, sizeof line, text, strlen(text));
    fprintf(stderr, "%s%s\n", label, line);
}

static void keep(int failure, const char *message, const char *hint)
{
    kept->failure = failure;
    text_clean(kept->last, sizeof kept->last, message, strlen(message));
    text_clean(kept->hint, sizeof kept->hint, hint == NULL ? "" : hint,
               hint == NULL ? 0 : strlen(hint));
    if (kept->count++ == 0)
        memcpy(kept->first, kept->last, sizeof kept->first);
}

static void print_message(const char *label, const char *hint, const char *message)
{
    print_line(label, message);
    if (hint != NULL)
        print_line("hint: ", hint);
}

int job_fail(int failure, const char *hint, const char *format, ...)
{
    char label[32], message[JOB_MESSAGE_BYTES];
    va_list list;
    va_start(list, format);
    vsnprintf(message, sizeof message, format, list);
    va_end(list);
    snprintf(label, sizeof label, "daybook: error E%04d: ", failure_number(failure));
    if (kept != NULL)
        keep(failure, message, hint);
    else
        print_message(label, hint, message);
    return failure_exit(failure);
}

void job_warn(const char *hint, const char *format, ...)
{
    char message[JOB_MESSAGE_BYTES];
    va_list list;
    va_start(list, format);
    vsnprintf(message, sizeof message, format, list);
    va_end(list);
    if (kept == NULL)
        print_message("daybook: warning: ", hint, message);
}

void job_keep(struct job_said *said)
{
    kept = said;
    if (said != NULL)
        *said = (struct job_said){0};
}

bool job_is_keeping(void)
{
    return kept != NULL;
}

void job_tell_kept(const struct job_said *said, int exit_code)
{
    bool same = strcmp(said->first, said->last) == 0;
    kept = NULL;
    if (exit_code == JOB_DONE)
        return;
    fprintf(stderr, "daybook: error E%04d: %s%s%s%s%s; exit code %d\n",
            failure_number(said->count > 0 ? said->failure : exit_code),
            said->count > 0 ? said->last : "it ended without a word",
            same ? "" : "; at first: ", same ? "" : said->first,
            said->hint[0] != '\0' ? "; hint: " : "", said->hint, exit_code);
}

int job_tell_in_one_line(struct job *job, int (*carry_out)(struct job *job))
{
    struct job_said said;
    if (!job_flag(job, "quiet"))
        return carry_out(job);
    job_keep(&said);
    int exit_code = carry_out(job);
    job_tell_kept(&said, exit_code);
    return exit_code;
}
