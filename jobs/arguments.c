/* The parser and --help, from the table in options.c. */
#include <stdio.h>
#include <string.h>

#include "jobs/config.h"
#include "jobs/options.h"

static const char *command_name_at(size_t index, void *context)
{
    (void)context;
    return options_commands[index].name;
}

static const char *option_name_at(size_t index, void *context)
{
    const struct job_command *command = context;
    return command->options[index].name;
}

/* The word of `operands` at this index: "COHORT". */
static const char *operand_name(const char *operands, size_t index, int *bytes)
{
    for (; index > 0; index--) {
        operands += strcspn(operands, " ");
        operands += strspn(operands, " ");
    }
    *bytes = (int)strcspn(operands, " ");
    return operands;
}

static size_t operand_words(const char *operands, size_t *required)
{
    size_t words = 0;
    *required = 0;
    while (*operands != '\0') {
        words++;
        if (*operands != '[')
            (*required)++;
        operands += strcspn(operands, " ");
        operands += strspn(operands, " ");
    }
    return words;
}

/* ---- help ---- */

static void print_option(const struct job_option *option)
{
    char left[64];
    snprintf(left, sizeof left, "%c%c%s --%s%s%s", option->letter != 0 ? '-' : ' ',
             option->letter != 0 ? option->letter : ' ', option->letter != 0 ? "," : " ",
             option->name, option->argument != NULL ? " " : "",
             option->argument != NULL ? option->argument : "");
    printf("  %-28s %s", left, option->help);
    if (option->rule.kind == VALUE_CHOICE)
        printf(" (%s)", option->rule.choices);
    if (option->initial != NULL)
        printf(" [%s]", option->initial);
    printf("%s\n", option->required ? " (required)" : "");
}

static void print_program_help(void)
{
    printf("usage: daybook COMMAND [OPTIONS]\n\n"
           "Settles a payday: finds each deposit at the bank, collects, holds, pays out, and\n"
           "writes every step into a double-entry ledger in Postgres.\n\ncommands:\n");
    for (size_t i = 0; i < options_command_count; i++)
        printf("  %-14s %s\n", options_commands[i].name, options_commands[i].summary);
    printf("\n`daybook COMMAND --help` tells more; `daybook --version` the version.\n"
           "Start with: ops/demo (a private database and a mock bank, one minute).\n");
}

void options_print_help(const struct job_command *command)
{
    if (command == NULL) {
        print_program_help();
        return;
    }
    printf("usage: daybook %s%s%s [OPTIONS]\n\n%s\n", command->name,
           command->operands[0] != '\0' ? " " : "", command->operands, command->summary);
    if (command->details != NULL)
        printf("\n%s", command->details);
    printf("\noptions:\n");
    for (size_t i = 0; i < command->option_count; i++)
        print_option(&command->options[i]);
    printf("  %-28s %s\n", "    --help", "this text");
    if (command->configured)
        config_print_help(stdout);
}

/* ---- parser ---- */

struct reader {
    int argc;
    char **argv;
    int next;
    struct job *job;
    bool help;
    bool operands_only;
};

static const struct job_option *find_long(const struct job_command *command, const char *name,
                                          size_t name_bytes)
{
    for (size_t i = 0; i < command->option_count; i++) {
        const struct job_option *option = &command->options[i];
        if (strlen(option->name) == name_bytes && memcmp(option->name, name, name_bytes) == 0)
            return option;
    }
    return NULL;
}

static const struct job_option *find_letter(const struct job_command *command, char letter)
{
    for (size_t i = 0; i < command->option_count; i++) {
        if (command->options[i].letter == letter && letter != 0)
            return &command->options[i];
    }
    return NULL;
}

static bool unknown_option(const struct job_command *command, const char *word)
{
    char name[64], hint[128];
    snprintf(name, sizeof name, "%s", word + strspn(word, "-"));
    name[strcspn(name, "=")] = '\0';
    const char *near =
        value_nearest(name, option_name_at, command->option_count, (void *)(uintptr_t)command);
    if (near != NULL)
        snprintf(hint, sizeof hint, "did you mean --%s?", near);
    else
        snprintf(hint, sizeof hint, "see `daybook %s --help`", command->name);
    job_fail(JOB_USAGE, hint, "%s: unknown option %.60s", command->name, word);
    return false;
}

static bool keep_value(struct reader *reader, const struct job_option *option, const char *text)
{
    struct job *job = reader->job;
    char error[VALUE_ERROR_BYTES];
    int64_t value;
    if (!value_parse(&option->rule, text, &value, error)) {
        job_fail(JOB_USAGE, NULL, "%s: --%s: %s", job->command->name, option->name, error);
        return false;
    }
    if (job->value_count == JOB_VALUES_MAX) {
        job_fail(JOB_USAGE, NULL, "%s: too many options", job->command->name);
        return false;
    }
    job->values[job->value_count++] =
        (struct job_value){.option = option, .text = text, .value = value};
    return true;
}

/* `inline_text` is what stood behind `=` or the letter, NULL when nothing did. */
static bool take_option(struct reader *reader, const struct job_option *option,
                        const char *inline_text)
{
    const char *name = reader->job->command->name;
    if (option->rule.kind == VALUE_FLAG) {
        if (inline_text != NULL) {
            job_fail(JOB_USAGE, NULL, "%s: --%s takes no value", name, option->name);
            return false;
        }
        return keep_value(reader, option, "yes");
    }
    if (inline_text != NULL)
        return keep_value(reader, option, inline_text);
    if (reader->next >= reader->argc) {
        job_fail(JOB_USAGE, NULL, "%s: --%s needs a value (%s)", name, option->name,
                 option->argument);
        return false;
    }
    return keep_value(reader, option, reader->argv[reader->next++]);
}

static bool take_long(struct reader *reader, const char *word)
{
    const char *name = word + 2;
    size_t name_bytes = strcspn(name, "=");
    const struct job_option *option = find_long(reader->job->command, name, name_bytes);
    if (option == NULL)
        return unknown_option(reader->job->command, word);
    return take_option(reader, option, name[name_bytes] == '=' ? name + name_bytes + 1 : NULL);
}

static bool take_letters(struct reader *reader, const char *word)
{
    for (const char *at = word + 1; *at != '\0'; at++) {
        const struct job_option *option = find_letter(reader->job->command, *at);
        if (option == NULL)
            return unknown_option(reader->job->command, word);
        if (option->rule.kind != VALUE_FLAG)
            return take_option(reader, option, at[1] != '\0' ? at + 1 : NULL);
        if (!take_option(reader, option, NULL))
            return false;
    }
    return true;
}

static bool take_operand(struct reader *reader, const char *word)
{
    struct job *job = reader->job;
    size_t required;
    if (job->operand_count == operand_words(job->command->operands, &required)) {
        char hint[128];
        snprintf(hint, sizeof hint, "usage: daybook %s %s [OPTIONS]", job->command->name,
                 job->command->operands);
        job_fail(JOB_USAGE, hint, "%s: \"%.60s\" is one word too many", job->command->name, word);
        return false;
    }
    job->operands[job->operand_count++] = word;
    return true;
}

static bool take_word(struct reader *reader, const char *word)
{
    if (reader->operands_only || word[0] != '-' || word[1] == '\0')
        return take_operand(reader, word);
    if (strcmp(word, "--") == 0) {
        reader->operands_only = true;
        return true;
    }
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        reader->help = true;
        return true;
    }
    return word[1] == '-' ? take_long(reader, word) : take_letters(reader, word);
}

static bool is_complete(const struct job *job)
{
    const struct job_command *command = job->command;
    size_t required;
    operand_words(command->operands, &required);
    if (job->operand_count < required) {
        char hint[160];
        snprintf(hint, sizeof hint, "usage: daybook %s %s [OPTIONS]", command->name,
                 command->operands);
        int bytes;
        const char *name = operand_name(command->operands, job->operand_count, &bytes);
        job_fail(JOB_USAGE, hint, "%s: %.*s is missing", command->name, bytes, name);
        return false;
    }
    for (size_t i = 0; i < command->option_count; i++) {
        const struct job_option *option = &command->options[i];
        if (option->required && !job_given(job, option->name)) {
            char hint[160];
            snprintf(hint, sizeof hint, "add --%s %s: %s", option->name, option->argument,
                     option->help);
            job_fail(JOB_USAGE, hint, "%s: --%s is missing", command->name, option->name);
            return false;
        }
    }
    return true;
}

/* The command's words at argv[1…]; *next is the first word after them. */
static const struct job_command *find_command(int argc, char **argv, int *next)
{
    for (size_t i = 0; i < options_command_count; i++) {
        const struct job_command *command = &options_commands[i];
        size_t first_bytes = strcspn(command->name, " ");
        const char *second =
            command->name[first_bytes] == ' ' ? command->name + first_bytes + 1 : NULL;
        if (strlen(argv[1]) != first_bytes || memcmp(argv[1], command->name, first_bytes) != 0)
            continue;
        if (second == NULL || (argc > 2 && strcmp(argv[2], second) == 0)) {
            *next = second == NULL ? 2 : 3;
            return command;
        }
    }
    return NULL;
}

/* The first command of several words that begins with this one, or NULL. */
static const char *command_beginning_with(const char *word)
{
    size_t bytes = strlen(word);
    for (size_t i = 0; i < options_command_count; i++) {
        const char *name = options_commands[i].name;
        if (strncmp(name, word, bytes) == 0 && name[bytes] == ' ')
            return name;
    }
    return NULL;
}

static enum options_result unknown_command(const char *word)
{
    char hint[128];
    const char *near = command_beginning_with(word);
    if (near == NULL)
        near = value_nearest(word, command_name_at, options_command_count, NULL);
    if (near != NULL)
        snprintf(hint, sizeof hint, "did you mean `daybook %s`?", near);
    else
        snprintf(hint, sizeof hint, "`daybook --help` lists the commands");
    job_fail(JOB_USAGE, hint, "unknown command \"%.60s\"", word);
    return OPTIONS_BAD;
}

static enum options_result parse_program_words(int argc, char **argv)
{
    if (argc < 2) {
        job_fail(JOB_USAGE, "`daybook --help` lists them", "a command is missing");
        return OPTIONS_BAD;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("daybook %s\n", DAYBOOK_VERSION);
        return OPTIONS_HELP;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        options_print_help(NULL);
        return OPTIONS_HELP;
    }
    return unknown_command(argv[1]);
}

enum options_result options_parse(int argc, char **argv, struct job *job)
{
    struct reader reader = {.argc = argc, .argv = argv, .job = job};
    *job = (struct job){.program = argc > 0 ? argv[0] : "daybook"};
    job->command = argc > 1 ? find_command(argc, argv, &reader.next) : NULL;
    if (job->command == NULL)
        return parse_program_words(argc, argv);
    while (reader.next < argc && !reader.help) {
        if (!take_word(&reader, argv[reader.next++]))
            return OPTIONS_BAD;
    }
    if (reader.help) {
        options_print_help(job->command);
        return OPTIONS_HELP;
    }
    return is_complete(job) ? OPTIONS_RUN : OPTIONS_BAD;
}
