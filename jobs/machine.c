#include "jobs/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "base/time.h"

#define FORMAT "daybook-capacity"
#define FORMAT_VERSION 1
#define FILE_BYTES_MAX (1U << 20)
#define CORES_MAX 65536
#define LANES_MAX 1024
#define PER_S_MAX INT64_C(1000000000)
#define DURATION_MAX ((int64_t)(3600 * NS_PER_S))

/* ---- this machine ---- */

static void copy(char *out, size_t bytes, const char *text)
{
    text_clean(out, bytes, text, strlen(text));
}

static void read_cpu(char cpu[MACHINE_CPU_BYTES])
{
    static const char label[] = "model name";
    char line[256];
    FILE *in = fopen("/proc/cpuinfo", "re");
    while (in != NULL && fgets(line, sizeof line, in) != NULL) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, label, sizeof label - 1) != 0 || colon == NULL)
            continue;
        line[strcspn(line, "\n")] = '\0';
        copy(cpu, MACHINE_CPU_BYTES, colon + 1 + strspn(colon + 1, " "));
        break;
    }
    if (in != NULL)
        fclose(in);
}

static uint32_t count_cores(void)
{
    cpu_set_t cores;
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    if (sched_getaffinity(0, sizeof cores, &cores) == 0)
        return (uint32_t)CPU_COUNT(&cores);
    return online > 0 ? (uint32_t)online : 1;
}

void machine_look(struct machine_name *name)
{
    struct utsname kernel;
    CHECK(uname(&kernel) == 0);
    *name = (struct machine_name){.cores = count_cores()};
    copy(name->cpu, sizeof name->cpu, kernel.machine);
    read_cpu(name->cpu);
    copy(name->kernel, sizeof name->kernel, kernel.release);
}

/* ---- reading ---- */

static bool take_text(const json_t *object, const char *member, char *out, size_t bytes)
{
    const json_t *value = json_object_get(object, member);
    if (!json_is_string(value) || json_string_length(value) >= bytes)
        return false;
    copy(out, bytes, json_string_value(value));
    return true;
}

static bool take_number(const json_t *object, const char *member, int64_t most, uint64_t *number)
{
    const json_t *value = json_object_get(object, member);
    if (!json_is_integer(value) || json_integer_value(value) < 0 ||
        json_integer_value(value) > most)
        return false;
    *number = (uint64_t)json_integer_value(value);
    return true;
}

static bool take_name(const json_t *root, struct machine_name *name)
{
    const json_t *object = json_object_get(root, "machine");
    uint64_t cores;
    if (!take_text(object, "cpu", name->cpu, sizeof name->cpu) ||
        !take_text(object, "kernel", name->kernel, sizeof name->kernel) ||
        !take_number(object, "cores", CORES_MAX, &cores))
        return false;
    name->cores = (uint32_t)cores;
    return true;
}

/* All of it, or, where no benchmark ran, nothing. */
static bool take_speed(const json_t *root, struct machine_speed *speed)
{
    uint64_t lanes;
    if (json_object_get(root, "settlements_per_s") == NULL)
        return true;
    if (!take_number(root, "settlements_per_s", PER_S_MAX, &speed->settlements_per_s) ||
        !take_number(root, "engine_ns", DURATION_MAX, &speed->engine_ns) ||
        !take_number(root, "bank_ns", DURATION_MAX, &speed->bank_ns) ||
        !take_number(root, "postgres_ns", DURATION_MAX, &speed->postgres_ns) ||
        !take_number(root, "chunk_commit_ns", DURATION_MAX, &speed->chunk_commit_ns) ||
        !take_number(root, "lanes", LANES_MAX, &lanes) ||
        !take_text(root, "measured_at", speed->measured_at, sizeof speed->measured_at) ||
        !take_text(root, "daybook", speed->daybook, sizeof speed->daybook))
        return false;
    speed->lanes = (uint32_t)lanes;
    return speed->settlements_per_s > 0;
}

static bool take_commit(const json_t *root, struct machine *machine)
{
    return json_object_get(root, "run_commit_ns") == NULL ||
           take_number(root, "run_commit_ns", DURATION_MAX, &machine->commit_ns);
}

static bool take_banks(const json_t *root, struct machine *machine)
{
    const json_t *banks = json_object_get(root, "banks");
    const json_t *object;
    size_t i;
    if (!json_is_array(banks))
        return false;
    json_array_foreach(banks, i, object)
    {
        if (machine->bank_count == MACHINE_BANKS_MAX)
            return true;
        struct machine_bank *bank = &machine->banks[machine->bank_count++];
        if (!take_text(object, "name", bank->name, sizeof bank->name) ||
            !take_text(object, "url", bank->url, sizeof bank->url) ||
            !take_number(object, "call_ns", DURATION_MAX, &bank->call_ns) ||
            !take_text(object, "measured_at", bank->measured_at, sizeof bank->measured_at))
            return false;
    }
    return true;
}

static bool has_format(const json_t *root)
{
    const char *format = json_string_value(json_object_get(root, "format"));
    return format != NULL && strcmp(format, FORMAT) == 0 &&
           json_integer_value(json_object_get(root, "version")) == FORMAT_VERSION;
}

static enum machine_found take_all(const json_t *root, const char *file, struct machine *machine,
                                   char error[FILE_ERROR_BYTES])
{
    struct machine read = {0};
    const struct machine_name *here = &machine->name;
    if (!has_format(root)) {
        snprintf(error, FILE_ERROR_BYTES, "%.200s: not a " FORMAT " of version %d", file,
                 FORMAT_VERSION);
        return MACHINE_BROKEN;
    }
    if (!take_name(root, &read.name) || !take_speed(root, &read.speed) ||
        !take_commit(root, &read) || !take_banks(root, &read)) {
        snprintf(error, FILE_ERROR_BYTES, "%.200s: a member is missing or out of range", file);
        return MACHINE_BROKEN;
    }
    if (strcmp(read.name.cpu, here->cpu) != 0 || read.name.cores != here->cores) {
        snprintf(error, FILE_ERROR_BYTES,
                 "%.200s: measured on another machine (%.80s, %u cores; here %.80s, %u cores)",
                 file, read.name.cpu, read.name.cores, here->cpu, here->cores);
        return MACHINE_FOREIGN;
    }
    *machine = read;
    return MACHINE_KNOWN;
}

static enum machine_found load(const char *file, struct machine *machine,
                               char error[FILE_ERROR_BYTES])
{
    json_error_t wrong;
    size_t bytes = 0;
    if (access(file, F_OK) != 0 && errno == ENOENT)
        return MACHINE_ABSENT;
    char *text = file_read(file, FILE_BYTES_MAX, &bytes, error);
    if (text == NULL)
        return MACHINE_BROKEN;
    json_t *root = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &wrong);
    free(text);
    if (root == NULL) {
        snprintf(error, FILE_ERROR_BYTES, "%.200s:%d:%d: %.160s", file, wrong.line, wrong.column,
                 wrong.text);
        return MACHINE_BROKEN;
    }
    enum machine_found found = take_all(root, file, machine, error);
    json_decref(root);
    return found;
}

enum machine_found machine_load(const char *folder, struct machine *machine,
                                char error[FILE_ERROR_BYTES])
{
    *machine = (struct machine){0};
    error[0] = '\0';
    machine_look(&machine->name);
    if (folder == NULL)
        return MACHINE_ABSENT;
    char *file = file_in(folder, MACHINE_FILE);
    enum machine_found found = load(file, machine, error);
    free(file);
    return found;
}

/* ---- writing ---- */

static void set_number(json_t *root, const char *member, uint64_t number, int64_t most)
{
    json_object_set_new(root, member,
                        json_integer(number < (uint64_t)most ? (json_int_t)number : most));
}

static void set_speed(json_t *root, const struct machine_speed *speed)
{
    if (speed->settlements_per_s == 0)
        return;
    json_object_set_new(root, "measured_at", json_string(speed->measured_at));
    json_object_set_new(root, "daybook", json_string(speed->daybook));
    set_number(root, "settlements_per_s", speed->settlements_per_s, PER_S_MAX);
    set_number(root, "engine_ns", speed->engine_ns, DURATION_MAX);
    set_number(root, "bank_ns", speed->bank_ns, DURATION_MAX);
    set_number(root, "postgres_ns", speed->postgres_ns, DURATION_MAX);
    set_number(root, "chunk_commit_ns", speed->chunk_commit_ns, DURATION_MAX);
    set_number(root, "lanes", speed->lanes, LANES_MAX);
}

static json_t *whole_json(const struct machine *machine)
{
    json_t *banks = json_array();
    for (uint32_t i = 0; i < machine->bank_count; i++) {
        const struct machine_bank *bank = &machine->banks[i];
        json_t *object = json_pack("{s:s, s:s, s:s}", "name", bank->name, "url", bank->url,
                                   "measured_at", bank->measured_at);
        set_number(object, "call_ns", bank->call_ns, DURATION_MAX);
        json_array_append_new(banks, object);
    }
    json_t *root = json_pack("{s:s, s:i, s:{s:s, s:I, s:s}}", "format", FORMAT, "version",
                             FORMAT_VERSION, "machine", "cpu", machine->name.cpu, "cores",
                             (json_int_t)machine->name.cores, "kernel", machine->name.kernel);
    CHECK(root != NULL);
    set_speed(root, &machine->speed);
    if (machine->commit_ns > 0)
        set_number(root, "run_commit_ns", machine->commit_ns, DURATION_MAX);
    json_object_set_new(root, "banks", banks);
    return root;
}

static bool write_whole(const char *folder, const struct machine *machine,
                        char error[FILE_ERROR_BYTES])
{
    char *file = file_in(folder, MACHINE_FILE);
    json_t *root = whole_json(machine);
    char *text = json_dumps(root, JSON_INDENT(2));
    CHECK(text != NULL);
    bool good = file_replace(file, text, strlen(text), error);
    free(text);
    json_decref(root);
    free(file);
    return good;
}

/* Two runs may end at once: who changes the file holds its folder, so that neither loses what the
   other wrote. -1: see `error`. */
static int hold_folder(const char *folder, char error[FILE_ERROR_BYTES])
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int held = fd;
    while (held >= 0 && (held = flock(fd, LOCK_EX)) < 0 && errno == EINTR)
        held = fd;
    if (held >= 0)
        return fd;
    snprintf(error, FILE_ERROR_BYTES, "%.200s: %s", folder, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

/* What is there, under this machine's present name: the kernel may be a newer one. */
static void load_to_change(const char *folder, struct machine *machine)
{
    char error[FILE_ERROR_BYTES];
    (void)machine_load(folder, machine, error);
    machine_look(&machine->name);
}

static void write_now(char text[MACHINE_TEXT_BYTES])
{
    struct tm parts;
    time_t now = time(NULL);
    CHECK(gmtime_r(&now, &parts) != NULL);
    strftime(text, MACHINE_TEXT_BYTES, "%Y-%m-%dT%H:%M:%SZ", &parts);
}

bool machine_save(const char *folder, const struct machine_speed *speed,
                  char error[FILE_ERROR_BYTES])
{
    struct machine machine;
    int fd = hold_folder(folder, error);
    CHECK(speed->settlements_per_s > 0);
    if (fd < 0)
        return false;
    load_to_change(folder, &machine);
    machine.speed = *speed;
    write_now(machine.speed.measured_at);
    copy(machine.speed.daybook, sizeof machine.speed.daybook, DAYBOOK_VERSION);
    bool good = write_whole(folder, &machine, error);
    close(fd);
    return good;
}

static bool is_same(const struct machine_bank *bank, const char *name, const char *url)
{
    return strcmp(bank->name, name) == 0 && strcmp(bank->url, url) == 0;
}

/* In front; the oldest one makes room. */
static void put_bank(struct machine *machine, const struct machine_bank *bank)
{
    uint32_t at = 0;
    while (at < machine->bank_count && !is_same(&machine->banks[at], bank->name, bank->url))
        at++;
    if (at == machine->bank_count && at < MACHINE_BANKS_MAX)
        machine->bank_count++;
    if (at == MACHINE_BANKS_MAX)
        at--;
    memmove(&machine->banks[1], &machine->banks[0], at * sizeof machine->banks[0]);
    machine->banks[0] = *bank;
    write_now(machine->banks[0].measured_at);
}

bool machine_save_run(const char *folder, uint64_t commit_ns, const struct machine_bank *banks,
                      uint32_t count, char error[FILE_ERROR_BYTES])
{
    struct machine machine;
    int fd = hold_folder(folder, error);
    CHECK(count <= MACHINE_BANKS_MAX);
    if (fd < 0)
        return false;
    load_to_change(folder, &machine);
    if (commit_ns > 0)
        machine.commit_ns = commit_ns;
    for (uint32_t i = count; i > 0; i--)
        put_bank(&machine, &banks[i - 1]);
    bool good = write_whole(folder, &machine, error);
    close(fd);
    return good;
}

const struct machine_bank *machine_bank(const struct machine *machine, const char *name,
                                        const char *url)
{
    for (uint32_t i = 0; i < machine->bank_count; i++) {
        if (is_same(&machine->banks[i], name, url))
            return &machine->banks[i];
    }
    return NULL;
}
