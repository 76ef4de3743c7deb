/* help: the page of a code, or the options of a command. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "jobs/codes.h"
#include "jobs/options.h"

static const char *topic_at(size_t index, void *context)
{
    (void)context;
    const struct code_page *page = codes_at(index);
    return page->code;
}

static size_t page_count(void)
{
    size_t count = 0;
    while (codes_at(count) != NULL)
        count++;
    return count;
}

static void print_page(const struct code_page *page)
{
    printf("%s (%s): %s\n", page->code, codes_kind_name(page->kind), page->what);
    if (page->why[0] != '\0')
        printf("  why   %s\n", page->why);
    if (page->next[0] != '\0')
        printf("  next  %s\n", page->next);
}

static void list_codes(void)
{
    const struct code_page *page;
    for (size_t i = 0; (page = codes_at(i)) != NULL; i++)
        printf("%-18s %-10s %s\n", page->code, codes_kind_name(page->kind), page->what);
}

static const struct job_command *find_command(const char *name)
{
    for (size_t i = 0; i < options_command_count; i++) {
        if (strcmp(options_commands[i].name, name) == 0)
            return &options_commands[i];
    }
    return NULL;
}

/* A word may be a state and the end of a bank call: all its pages. */
static bool print_pages(const char *topic)
{
    const struct code_page *found = codes_find(topic), *page;
    if (found == NULL)
        return false;
    for (size_t i = 0; (page = codes_at(i)) != NULL; i++) {
        if (page == found || strcasecmp(page->code, found->code) == 0)
            print_page(page);
    }
    return true;
}

static int fail_unknown(const char *topic)
{
    char hint[160];
    const char *near = value_nearest(topic, topic_at, page_count(), NULL);
    if (near != NULL)
        snprintf(hint, sizeof hint, "did you mean `daybook help %s`?", near);
    else
        snprintf(hint, sizeof hint,
                 "`daybook help codes` lists them; what is not there is a "
                 "bank's own code");
    return job_fail(FAIL_NO_PAGE, hint, "there is no page about \"%.60s\"", topic);
}

int job_help(struct job *job)
{
    char topic[80];
    const char *first = job_operand(job, 0), *second = job_operand(job, 1);
    if (first == NULL) {
        options_print_help(NULL);
        return JOB_DONE;
    }
    bool is_exit = second != NULL && strcmp(first, "exit") == 0; // "exit 65", as people say
    snprintf(topic, sizeof topic, "%s%s%s", is_exit ? "" : first,
             second != NULL && !is_exit ? " " : "", second != NULL ? second : "");
    const struct job_command *command = find_command(topic);
    if (command != NULL)
        options_print_help(command);
    else if (strcmp(topic, "codes") == 0)
        list_codes();
    else if (!print_pages(topic))
        return fail_unknown(topic);
    return JOB_DONE;
}
