/* init: a commented configuration, made from the tables of keys. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "jobs/init.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What stands there instead of a default. */
static const struct {
    const char *name, *text;
    bool set; /* else a comment */
} examples[] = {
    {"database", "host=/var/run/postgresql dbname=daybook user=daybook", true},
    {"database_password_file", "/etc/daybook/database.password", false},
    {"time_zone", "UTC", true},
    {"state_folder", "/var/lib/daybook", false},
    {"run.partitions", "2", false},
    {"claim.answer_within", "60s", false},
    {"profile", "rest-idempotency-key.yaml", true},
    {"url", "http://127.0.0.1:8080", true},
    {"token_file", "/etc/daybook/north.token", false},
    {"collection_account", "\"100-200-300\"", true},
    {"suspense_account", "\"100-200-301\"", false},
    {"pool_account", "\"100-200-302\"", false},
    {"connections", "32", false},
    {"rate", "100", false},
    {"burst", "20", false},
    {"calls", "32", false},
    {"poll_interval", "60s", false},
    {"processing_time", "30s", false},
    {"linger", "10s", false},
    {"call_timeout", "10s", false},
    {"repeat_delay", "1s", false},
    {"later_wait", "5min", false},
    {"later_tries", "3", false},
};

static void write_key(FILE *out, const struct config_key *key, const char *name, const char *indent)
{
    const char *text = key->initial != NULL ? key->initial : "…";
    bool set = false;
    for (size_t i = 0; i < COUNT(examples); i++) {
        if (strcmp(examples[i].name, key->name) == 0) {
            text = examples[i].text;
            set = examples[i].set;
        }
    }
    fprintf(out, "%s# %s", indent, key->help);
    if (key->rule.kind == VALUE_CHOICE)
        fprintf(out, " (%s)", key->rule.choices);
    fprintf(out, "\n%s%s%s: %s\n", indent, set ? "" : "# ", name, text);
}

/* The keys of one section; "" for those of none. */
static void write_section(FILE *out, const char *section)
{
    size_t bytes = strlen(section);
    if (bytes > 0)
        fprintf(out, "\n%s:\n", section);
    for (size_t i = 0; i < config_key_count; i++) {
        const struct config_key *key = &config_keys[i];
        const char *dot = strchr(key->name, '.');
        if (bytes == 0 && dot == NULL)
            write_key(out, key, key->name, "");
        else if (bytes > 0 && dot == key->name + bytes && strncmp(key->name, section, bytes) == 0)
            write_key(out, key, dot + 1, "  ");
    }
}

static bool is_first_of_section(size_t index, char section[32])
{
    const char *name = config_keys[index].name, *dot = strchr(name, '.');
    if (dot == NULL)
        return false;
    CHECK(dot - name < 32);
    snprintf(section, 32, "%.*s", (int)(dot - name), name);
    return index == 0 || strncmp(config_keys[index - 1].name, name, (size_t)(dot - name) + 1) != 0;
}

void init_write(FILE *out)
{
    char section[32];
    fprintf(out,
            "# daybook's configuration. Each key is here; what is commented out has the value\n"
            "# shown, or none. DAYBOOK_SECTION_KEY in the environment and --set go over it.\n"
            "# `daybook doctor` tells whether it works.\n\n");
    write_section(out, "");
    for (size_t i = 0; i < config_key_count; i++) {
        if (is_first_of_section(i, section))
            write_section(out, section);
    }
    fprintf(out, "\n# What is not given of a bank is its profile's.\nbanks:\n  north:\n");
    for (size_t i = 0; i < config_bank_key_count; i++)
        write_key(out, &config_bank_keys[i], config_bank_keys[i].name, "    ");
}

/* What cannot be read back is a defect of ours, to be known before anybody edits it. */
static bool reads_back(const char *text, size_t bytes)
{
    const struct config_sources sources = {.file = "init", .text = text, .text_bytes = bytes};
    struct config *config = calloc(1, sizeof *config);
    CHECK(config != NULL);
    bool good = config_load(config, &sources, stderr);
    config_close(config);
    return good;
}

static int write_file(const char *name, const char *text, size_t bytes)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (fd < 0)
        return job_fail(errno == EEXIST ? JOB_BAD_CONFIG : JOB_DENIED,
                        errno == EEXIST ? "name another file; this one is left as it is"
                                        : "name a file in a folder where you may write",
                        "%s: %s", name, strerror(errno));
    ssize_t written = write(fd, text, bytes);
    int closed = close(fd);
    if (written == (ssize_t)bytes && closed == 0)
        return JOB_DONE;
    (void)unlink(name);
    return job_fail(JOB_TRY_AGAIN, "is the disk full?", "%s: could not be written", name);
}

int job_init(struct job *job)
{
    const char *name = job_operand(job, 0) != NULL ? job_operand(job, 0) : "daybook.yaml";
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);
    CHECK(out != NULL);
    init_write(out);
    CHECK(fclose(out) == 0);
    int exit_code = JOB_DONE;
    if (!reads_back(text, bytes))
        exit_code = job_fail(JOB_INTERNAL, "report this", "the example is no configuration");
    else if (strcmp(name, "-") == 0)
        fputs(text, stdout);
    else
        exit_code = write_file(name, text, bytes);
    free(text);
    if (exit_code == JOB_DONE && strcmp(name, "-") != 0)
        printf("%s is written. Next: edit `database` and `banks`, then\n"
               "  daybook doctor --config %s\n  daybook schema apply --config %s\n",
               name, name, name);
    return exit_code;
}
