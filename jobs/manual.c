#include "jobs/manual.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "jobs/codes.h"
#include "jobs/config.h"
#include "jobs/options.h"

#define LINE_BYTES 76
#define WORD_BYTES 256

/* ---- text ---- */

/* One character; returns how many bytes of `text` it was. */
static size_t escape(const char *text, char *out, size_t capacity)
{
    unsigned char first = (unsigned char)text[0];
    size_t bytes = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    uint32_t code = bytes == 1 ? first : first & (0x3fU >> (bytes - 1));
    for (size_t i = 1; i < bytes; i++) {
        CHECK(text[i] != '\0');
        code = code << 6 | ((unsigned char)text[i] & 0x3fU);
    }
    if (first == '-')
        snprintf(out, capacity, "\\-");
    else if (first == '\\')
        snprintf(out, capacity, "\\e");
    else if (first == '~')
        snprintf(out, capacity, "\\(ti");
    else if (first == '^')
        snprintf(out, capacity, "\\(ha");
    else if (first == '`')
        snprintf(out, capacity, "\\(ga");
    else if (bytes > 1)
        snprintf(out, capacity, "\\[u%04" PRIX32 "]", code);
    else
        snprintf(out, capacity, "%c", first);
    return bytes;
}

static const char *escape_word(const char *text, char word[WORD_BYTES])
{
    size_t used = 0;
    word[0] = '\0';
    if (*text == '.' || *text == '\'')
        used = (size_t)snprintf(word, WORD_BYTES, "\\&");
    while (*text != '\0' && *text != ' ' && *text != '\n') {
        CHECK(used + 16 < WORD_BYTES);
        text += escape(text, word + used, WORD_BYTES - used);
        used += strlen(word + used);
    }
    return text;
}

void manual_text(FILE *out, const char *text)
{
    size_t column = 0;
    for (text += strspn(text, " \n"); *text != '\0'; text += strspn(text, " \n")) {
        char word[WORD_BYTES];
        text = escape_word(text, word);
        size_t bytes = strlen(word);
        if (column > 0 && column + 1 + bytes > LINE_BYTES) {
            fputc('\n', out);
            column = 0;
        }
        fprintf(out, "%s%s", column > 0 ? " " : "", word);
        column += bytes + (column > 0);
    }
    fputc('\n', out);
}

static void bold(FILE *out, const char *text)
{
    char shown[WORD_BYTES];
    fputs("\\fB", out);
    while (*text != '\0') {
        text += escape(text, shown, sizeof shown);
        fputs(shown, out);
    }
    fputs("\\fR", out);
}

/* ---- tables ---- */

static void write_more(FILE *out, const char *help, const char *choices, const char *initial,
                       bool required)
{
    char *text = NULL;
    CHECK(asprintf(&text, "%s%s%s%s%s%s%s%s", help, choices != NULL ? " (" : "",
                   choices != NULL ? choices : "", choices != NULL ? ")" : "",
                   initial != NULL ? " [" : "", initial != NULL ? initial : "",
                   initial != NULL ? "]" : "", required ? " (required)" : "") > 0);
    manual_text(out, text);
    free(text);
}

static void write_option(FILE *out, const struct job_option *option)
{
    char name[64];
    fputs(".TP\n", out);
    if (option->letter != 0) {
        snprintf(name, sizeof name, "-%c", option->letter);
        bold(out, name);
        fputs(", ", out);
    }
    snprintf(name, sizeof name, "--%s", option->name);
    bold(out, name);
    if (option->argument != NULL)
        fprintf(out, " \\fI%s\\fR", option->argument);
    fputc('\n', out);
    write_more(out, option->help, option->rule.kind == VALUE_CHOICE ? option->rule.choices : NULL,
               option->initial, option->required);
}

static void write_command(FILE *out, const struct job_command *command)
{
    fprintf(out, ".SS daybook %s%s%s\n", command->name, command->operands[0] != '\0' ? " " : "",
            command->operands);
    manual_text(out, command->summary);
    if (command->details != NULL) {
        fputs(".PP\n", out);
        manual_text(out, command->details);
    }
    for (size_t i = 0; i < command->option_count; i++)
        write_option(out, &command->options[i]);
}

static void write_key(FILE *out, const char *prefix, const struct config_key *key)
{
    char name[64];
    snprintf(name, sizeof name, "%s%s", prefix, key->name);
    fputs(".TP\n", out);
    bold(out, name);
    fputc('\n', out);
    write_more(out, key->help, key->rule.kind == VALUE_CHOICE ? key->rule.choices : NULL,
               key->initial, key->required);
}

/* ---- parts ---- */

static void write_head(FILE *out)
{
    fprintf(out,
            ".\\\" Made by `daybook manual` from the tables of commands and keys.\n"
            ".TH DAYBOOK 1 %s \"daybook %s\" \"daybook manual\"\n"
            ".SH NAME\ndaybook \\- settle a payday, exactly once\n"
            ".SH SYNOPSIS\n.B daybook\n\\fICOMMAND\\fR [\\fIOPTIONS\\fR]\n.SH DESCRIPTION\n",
            DAYBOOK_DATE, DAYBOOK_VERSION);
    manual_text(out,
                "Finds each deposit at the bank, collects what is owed, holds what must be held, "
                "pays out the rest, and writes every step into a double-entry ledger in "
                "Postgres, in chunks that commit in order and never twice. Every start is a "
                "resume: run the same command again after any stop.");
}

static void write_configuration(FILE *out)
{
    fputs(".SH CONFIGURATION\n", out);
    manual_text(out, "One YAML file: --config, else DAYBOOK_CONFIG, else "
                     "/etc/daybook/daybook.yaml. A flag wins over the environment, the environment "
                     "over the file. Unknown keys are errors. `daybook init` writes one that holds "
                     "every key.");
    for (size_t i = 0; i < config_key_count; i++)
        write_key(out, "", &config_keys[i]);
    fputs(".SS Of each bank\n", out);
    manual_text(out, "What is not given is the profile's.");
    for (size_t i = 0; i < config_bank_key_count; i++)
        write_key(out, "banks.NAME.", &config_bank_keys[i]);
}

static void write_definition(FILE *out, const char *name, const char *text)
{
    fputs(".TP\n", out);
    bold(out, name);
    fputc('\n', out);
    manual_text(out, text);
}

static void write_surroundings(FILE *out)
{
    fputs(".SH ENVIRONMENT\n", out);
    write_definition(out, "DAYBOOK_CONFIG", "the configuration file");
    write_definition(out, "DAYBOOK_KEY, DAYBOOK_SECTION_KEY, DAYBOOK_BANKS_NAME_KEY",
                     "any configuration key, in capitals, with _ for what is no letter or digit");
    write_definition(out, "DAYBOOK_DATABASE_PASSWORD, DAYBOOK_BANKS_NAME_TOKEN",
                     "secrets, where they do not come from a file");
    write_definition(out, "NO_COLOR", "no colours");
    fputs(".SH FILES\n", out);
    write_definition(out, "/etc/daybook/daybook.yaml", "the configuration");
    write_definition(out, "/usr/share/daybook/banks", "bank profiles");
    write_definition(out, "/usr/share/daybook/seccomp.json",
                     "a seccomp profile for containers that lets io_uring through");
    write_definition(out, "/usr/share/doc/daybook/runbook.md", "what to do, by symptom");
}

static void write_exits(FILE *out)
{
    const struct code_page *page;
    fputs(".SH EXIT STATUS\n", out);
    manual_text(out, "The most serious wins. `daybook help CODE` tells what to do.");
    for (size_t i = 0; (page = codes_at(i)) != NULL; i++) {
        if (page->kind == CODE_EXIT)
            write_definition(out, page->code, page->what);
    }
}

void manual_write(FILE *out)
{
    write_head(out);
    fputs(".SH COMMANDS\n", out);
    for (size_t i = 0; i < options_command_count; i++)
        write_command(out, &options_commands[i]);
    write_configuration(out);
    write_surroundings(out);
    write_exits(out);
    fputs(".SH EXAMPLES\n.EX\n"
          "daybook schema apply\n"
          "daybook import acme \\-\\-date 2026\\-03\\-25 acme.csv\n"
          "daybook run acme \\-\\-date 2026\\-03\\-25\n"
          "daybook show acme \\-\\-date 2026\\-03\\-25\n"
          ".EE\n",
          out);
}

int job_manual(struct job *job)
{
    (void)job;
    manual_write(stdout);
    return JOB_DONE;
}
