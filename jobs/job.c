#include "jobs/job.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define MESSAGE_BYTES 2048

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

/* One line a message: what outsiders said may carry control bytes. */
static void print_line(const char *label, const char *text)
{
    char line[MESSAGE_BYTES];
    text_clean(line, sizeof line, text, strlen(text));
    fprintf(stderr, "%s%s\n", label, line);
}

static void print_message(const char *label, const char *hint, const char *format, va_list list)
{
    char message[MESSAGE_BYTES];
    vsnprintf(message, sizeof message, format, list);
    print_line(label, message);
    if (hint != NULL)
        print_line("hint: ", hint);
}

int job_fail(int failure, const char *hint, const char *format, ...)
{
    char label[32];
    va_list list;
    snprintf(label, sizeof label, "daybook: error E%04d: ", failure_number(failure));
    va_start(list, format);
    print_message(label, hint, format, list);
    va_end(list);
    return failure_exit(failure);
}

void job_warn(const char *hint, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    print_message("daybook: warning: ", hint, format, list);
    va_end(list);
}
