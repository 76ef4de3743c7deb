#include "jobs/completion.h"

#include <string.h>

#include "jobs/config.h"
#include "jobs/options.h"

/* ---- what a word may be ---- */

enum kind { KIND_FLAG, KIND_ANY, KIND_WORDS, KIND_FILE, KIND_FOLDER, KIND_KEY };

static enum kind kind_of(const struct job_option *option)
{
    if (option->argument == NULL)
        return KIND_FLAG;
    if (option->rule.choices != NULL)
        return KIND_WORDS;
    if (strcmp(option->argument, "FILE") == 0)
        return KIND_FILE;
    if (strcmp(option->argument, "FOLDER") == 0)
        return KIND_FOLDER;
    return strcmp(option->argument, "KEY=VALUE") == 0 ? KIND_KEY : KIND_ANY;
}

/* "table|json" as "table json". */
static void write_words(FILE *out, const char *choices)
{
    for (; *choices != '\0'; choices++)
        fputc(*choices == '|' ? ' ' : *choices, out);
}

/* Operands that are words of their own, "bash|zsh"; not the kinds of "[COHORT|FILE.csv]". */
static bool has_words(const struct job_command *command)
{
    return strchr(command->operands, '|') != NULL &&
           strpbrk(command->operands, "ABCDEFGHIJKLM"
                                      "NOPQRSTUVWXYZ[ ") == NULL;
}

static bool takes_file(const struct job_command *command)
{
    return strstr(command->operands, "FILE") != NULL;
}

/* ---- bash ---- */

static void write_options_bash(FILE *out, const struct job_command *command)
{
    fprintf(out, "    '%s') echo '", command->name);
    for (size_t i = 0; i < command->option_count; i++) {
        const struct job_option *option = &command->options[i];
        if (option->letter != 0)
            fprintf(out, "-%c ", option->letter);
        fprintf(out, "--%s ", option->name);
    }
    fprintf(out, "--help' ;;\n");
}

static void write_value_bash(FILE *out, const struct job_command *command,
                             const struct job_option *option)
{
    fprintf(out, "    '%s --%s'", command->name, option->name);
    if (option->letter != 0)
        fprintf(out, " | '%s -%c'", command->name, option->letter);
    fprintf(out, ") echo '");
    switch (kind_of(option)) {
    case KIND_WORDS:
        write_words(out, option->rule.choices);
        break;
    case KIND_FILE:
        fputs("@file", out);
        break;
    case KIND_FOLDER:
        fputs("@folder", out);
        break;
    case KIND_KEY:
        fputs("@key", out);
        break;
    case KIND_FLAG:
    case KIND_ANY:
        fputs("@any", out);
        break;
    }
    fprintf(out, "' ;;\n");
}

static void write_tables_bash(FILE *out)
{
    fputs("# The options of a command.\n_daybook_options() {\n    case $1 in\n", out);
    for (size_t i = 0; i < options_command_count; i++)
        write_options_bash(out, &options_commands[i]);
    fputs("    esac\n}\n\n# What a command's option takes; nothing: it is a flag.\n"
          "_daybook_value() {\n    case \"$1 $2\" in\n",
          out);
    for (size_t i = 0; i < options_command_count; i++) {
        const struct job_command *command = &options_commands[i];
        for (size_t k = 0; k < command->option_count; k++) {
            if (kind_of(&command->options[k]) != KIND_FLAG)
                write_value_bash(out, command, &command->options[k]);
        }
    }
    fputs("    esac\n}\n\n# What a command takes besides.\n_daybook_operand() {\n    case $1 in\n",
          out);
    for (size_t i = 0; i < options_command_count; i++) {
        const struct job_command *command = &options_commands[i];
        if (!has_words(command) && !takes_file(command))
            continue;
        fprintf(out, "    '%s') echo '", command->name);
        write_words(out, has_words(command) ? command->operands : "@file");
        fprintf(out, "' ;;\n");
    }
    fputs("    esac\n}\n\n", out);
}

static void write_names_bash(FILE *out)
{
    fputs("_daybook_commands=(", out);
    for (size_t i = 0; i < options_command_count; i++)
        fprintf(out, "%s'%s'", i > 0 ? " " : "", options_commands[i].name);
    fputs(")\n_daybook_keys='", out);
    for (size_t i = 0; i < config_key_count; i++)
        fprintf(out, "%s%s=", i > 0 ? " " : "", config_keys[i].name);
    fputs("'\n\n", out);
}

/* The part that knows no command. */
static const char body_bash[] =
    "# Puts what fits \"$current\" of these words into COMPREPLY. $1: @file and so on, or words.\n"
    "_daybook_fit() {\n"
    "    local current=$2\n"
    "    case $1 in\n"
    "    @any) ;;\n"
    "    @file) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$current\") ;;\n"
    "    @folder) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- \"$current\") ;;\n"
    "    @key)\n"
    "        compopt -o nospace\n"
    "        mapfile -t COMPREPLY < <(compgen -W \"$_daybook_keys\" -- \"$current\")\n"
    "        ;;\n"
    "    *) mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$current\") ;;\n"
    "    esac\n"
    "}\n"
    "\n"
    "_daybook() {\n"
    "    local line=${COMP_LINE:0:COMP_POINT} words current before command= name first='' rest=''\n"
    "    COMPREPLY=()\n"
    "    read -ra words <<<\"$line\"\n"
    "    current=\n"
    "    case $line in *[![:space:]]) current=${words[-1]} words=(\"${words[@]:0:${#words[@]}-1}\")"
    " ;; esac\n"
    "    for name in \"${_daybook_commands[@]}\"; do\n"
    "        first+=\" ${name%% *}\"\n"
    "        [ \"${name%% *}\" != \"${words[1]:-}\" ] || [ \"$name\" = \"${name%% *}\" ] ||\n"
    "            rest+=\" ${name#* }\"\n"
    "        [ \"$name\" != \"${words[1]:-}\" ] && [ \"$name\" != \"${words[1]:-} ${words[2]:-}\" "
    "] ||\n"
    "            command=$name\n"
    "    done\n"
    "    before=${words[-1]}\n"
    "    if [ \"${#words[@]}\" -le 1 ]; then\n"
    "        _daybook_fit \"$first --help --version\" \"$current\"\n"
    "    elif [ -z \"$command\" ]; then\n"
    "        [ \"${#words[@]}\" -gt 2 ] || _daybook_fit \"$rest\" \"$current\"\n"
    "    elif [[ $current == --*=* ]]; then\n"
    "        name=$(_daybook_value \"$command\" \"${current%%=*}\")\n"
    "        [ -z \"$name\" ] || _daybook_fit \"$name\" \"${current#*=}\"\n"
    "        # Where = ends no word, the whole word is wanted back.\n"
    "        [[ $COMP_WORDBREAKS == *=* ]] ||\n"
    "            COMPREPLY=(\"${COMPREPLY[@]/#/${current%%=*}=}\")\n"
    "    elif [ -n \"$(_daybook_value \"$command\" \"$before\")\" ]; then\n"
    "        _daybook_fit \"$(_daybook_value \"$command\" \"$before\")\" \"$current\"\n"
    "    elif [[ $current == -* ]]; then\n"
    "        _daybook_fit \"$(_daybook_options \"$command\")\" \"$current\"\n"
    "    else\n"
    "        name=$(_daybook_operand \"$command\")\n"
    "        _daybook_fit \"${name:-$(_daybook_options \"$command\")}\" \"$current\"\n"
    "    fi\n"
    "}\n"
    "complete -F _daybook daybook\n";

void completion_write_bash(FILE *out)
{
    fputs("# bash completion for daybook, made by `daybook completion bash` from its table of\n"
          "# commands. Needs nothing but bash.\n\n",
          out);
    write_names_bash(out);
    write_tables_bash(out);
    fputs(body_bash, out);
}

/* ---- zsh ---- */

/* Within single quotes, where _arguments takes brackets and colons for itself. */
static void write_help_zsh(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            fputs("'\\'", out);
        else if (*text == '[' || *text == ']' || *text == ':' || *text == '\\')
            fputc('\\', out);
        fputc(*text, out);
    }
}

static void write_action_zsh(FILE *out, const struct job_option *option)
{
    switch (kind_of(option)) {
    case KIND_FLAG:
        return;
    case KIND_WORDS:
        fprintf(out, ":%s:(", option->argument);
        write_words(out, option->rule.choices);
        fputc(')', out);
        return;
    case KIND_FILE:
        fprintf(out, ":%s:_files", option->argument);
        return;
    case KIND_FOLDER:
        fprintf(out, ":%s:_files -/", option->argument);
        return;
    case KIND_KEY:
        fputs(":KEY=VALUE:($_daybook_keys)", out);
        return;
    case KIND_ANY:
        fputc(':', out);
        write_help_zsh(out, option->argument);
        fputs(": ", out);
        return;
    }
}

static void write_option_zsh(FILE *out, const struct job_option *option)
{
    const char *again = option->rule.kind == VALUE_TEXT ? "*" : "";
    fputs(" \\\n            ", out);
    if (option->letter != 0)
        fprintf(out, "%s{-%c,--%s}", again[0] != '\0' ? "'*'" : "", option->letter, option->name);
    else
        fprintf(out, "'%s--%s'", again, option->name);
    fputs("'[", out);
    write_help_zsh(out, option->help);
    fputs("]", out);
    write_action_zsh(out, option);
    fputc('\'', out);
}

static void write_command_zsh(FILE *out, const struct job_command *command)
{
    fprintf(out, "    ('%s')\n        _arguments -s -S", command->name);
    for (size_t i = 0; i < command->option_count; i++)
        write_option_zsh(out, &command->options[i]);
    fputs(" \\\n            '--help[this command]'", out);
    if (has_words(command)) {
        fputs(" \\\n            ':word:(", out);
        write_words(out, command->operands);
        fputs(")'", out);
    } else if (takes_file(command)) {
        fputs(" \\\n            '*:file:_files'", out);
    } else if (command->operands[0] != '\0') {
        fputs(" \\\n            '*:cohort: '", out);
    }
    fputs(" ;;\n", out);
}

void completion_write_zsh(FILE *out)
{
    fputs("#compdef daybook\n"
          "# zsh completion for daybook, made by `daybook completion zsh` from its table of "
          "commands.\n"
          "_daybook() {\n    local command _daybook_keys='",
          out);
    for (size_t i = 0; i < config_key_count; i++)
        fprintf(out, "%s%s=", i > 0 ? " " : "", config_keys[i].name);
    fputs("'\n    local -a commands=(", out);
    for (size_t i = 0; i < options_command_count; i++) {
        fputs("\n        '", out);
        write_help_zsh(out, options_commands[i].name);
        fputc(':', out);
        write_help_zsh(out, options_commands[i].summary);
        fputc('\'', out);
    }
    fputs("\n    )\n"
          "    if (( CURRENT == 2 )); then\n"
          "        _describe command commands\n"
          "        return\n"
          "    fi\n"
          "    command=$words[2]\n"
          "    if (( ${commands[(I)$words[2] *]} && CURRENT > 3 )); then\n"
          "        command=\"$words[2] $words[3]\"\n"
          "        shift words\n"
          "        (( CURRENT-- ))\n"
          "    elif (( ${commands[(I)$words[2] *]} )); then\n"
          "        compadd -- ${${${(M)commands:#$words[2] *}#* }%%:*}\n"
          "        return\n"
          "    fi\n"
          "    shift words\n"
          "    (( CURRENT-- ))\n"
          "    case $command in\n",
          out);
    for (size_t i = 0; i < options_command_count; i++)
        write_command_zsh(out, &options_commands[i]);
    fputs("    esac\n}\n_daybook \"$@\"\n", out);
}

int job_completion(struct job *job)
{
    const char *shell = job_operand(job, 0);
    if (strcmp(shell, "bash") == 0)
        completion_write_bash(stdout);
    else if (strcmp(shell, "zsh") == 0)
        completion_write_zsh(stdout);
    else
        return job_fail(JOB_USAGE, "bash and zsh are", "no completion for \"%.40s\"", shell);
    return JOB_DONE;
}
