/*
 * options: the table of commands and their options, and what is made from it: the parser, --help
 * and the "did you mean" of a misspelt word.
 *
 * To add a command: one function in job.h, one array of options and one row in options.c.
 */
#ifndef DAYBOOK_JOBS_OPTIONS_H
#define DAYBOOK_JOBS_OPTIONS_H

#include "jobs/job.h"

extern const struct job_command options_commands[];
extern const size_t options_command_count;

enum options_result {
    OPTIONS_RUN,  /* *job is filled in */
    OPTIONS_HELP, /* --help or --version was printed to stdout */
    OPTIONS_BAD,  /* the error was printed: exit JOB_USAGE */
};

enum options_result options_parse(int argc, char **argv, struct job *job);

/* `command` NULL: the program's. To stdout. */
void options_print_help(const struct job_command *command);

#endif
