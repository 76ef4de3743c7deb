/* This machine: kernel, io_uring or epoll, limits, memory, the state folder. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/hash.h"
#include "jobs/doctor.h"
#include "jobs/run_heads.h"
#include "jobs/run_try.h"
#include "real/ring.h"

#define MIB (1024 * UINT64_C(1024))
#define LIBRARIES_BYTES (64 * MIB) /* beside the core: libpq's buffers, the connections */
#define STATE_LEAST_BYTES (64 * MIB)
#define ACCOUNTS 1000000U

int doctor_parse_release(const char *release)
{
    char *end;
    long major = strtol(release, &end, 10);
    if (end == release || *end != '.')
        return 0;
    long minor = strtol(end + 1, NULL, 10);
    return major < 1 || major > 99 || minor < 0 || minor > 999 ? 0 : (int)(major * 1000 + minor);
}

static void look_at_kernel(struct doctor *doctor)
{
    struct utsname name;
    CHECK(uname(&name) == 0);
    int release = doctor_parse_release(name.release);
    if (release >= 6001)
        doctor_ok(doctor, "kernel", "Linux %s", name.release);
    else if (release >= 5011)
        doctor_warn(doctor, "kernel", "Linux 6.1 or newer is best",
                    "Linux %s: works, without DEFER_TASKRUN, and slower", name.release);
    else
        doctor_fail(doctor, "kernel", JOB_BAD_CONFIG, "use Linux 5.11 or newer (6.1 is best)",
                    "Linux %s is too old", name.release);
}

/* A run goes by it; `fix`: what would let it go by io_uring, NULL: it is meant so. */
static void look_at_epoll(struct doctor *doctor, const char *fix, const char *reason)
{
    char error[RING_ERROR_BYTES];
    if (!ring_probe(RING_EPOLL, error))
        doctor_fail_status(doctor, "io", STATUS_BAD_CONFIG, error);
    else if (fix != NULL)
        doctor_warn(doctor, "io", fix, "epoll, for %s", reason);
    else
        doctor_ok(doctor, "io", "epoll, for %s", reason);
}

static void look_at_ring(struct doctor *doctor)
{
    static const char before_hint[] = "\nHINT: ";
    char error[RING_ERROR_BYTES];
    enum ring_io wanted = (enum ring_io)doctor->config->io;
    if (wanted != RING_EPOLL && ring_probe(RING_URING, error)) {
        doctor_ok(doctor, "io", "uring: a request went through a ring");
    } else if (wanted == RING_URING) {
        doctor_fail_status(doctor, "io", STATUS_BAD_CONFIG, error);
    } else if (wanted == RING_EPOLL) {
        look_at_epoll(doctor, NULL, "run.io is epoll");
    } else {
        char *hint = strstr(error, before_hint);
        if (hint != NULL)
            *hint = '\0';
        look_at_epoll(doctor, hint != NULL ? hint + strlen(before_hint) : "", error);
    }
}

static void look_at_files(struct doctor *doctor)
{
    struct rlimit files;
    uint64_t connections = 0;
    CHECK(getrlimit(RLIMIT_NOFILE, &files) == 0);
    for (uint32_t i = 0; i < doctor->banks.count; i++)
        connections += doctor->banks.banks[i].connections;
    uint64_t needed = lane_files_needed(connections);
    if (files.rlim_max < needed)
        doctor_fail(doctor, "open files", JOB_BAD_CONFIG,
                    "ulimit -n, systemd: LimitNOFILE=, or fewer connections to the banks",
                    "%" PRIu64 " are needed, %" PRIu64 " allowed", needed,
                    (uint64_t)files.rlim_max);
    else
        doctor_ok(doctor, "open files", "%" PRIu64 " are needed, %" PRIu64 " allowed", needed,
                  (uint64_t)files.rlim_max);
}

/* ---- memory ---- */

/* The number behind `label` in a small file, or `otherwise`. */
static uint64_t number_in(const char *file, const char *label, uint64_t otherwise)
{
    char line[256];
    FILE *in = fopen(file, "re");
    if (in == NULL)
        return otherwise;
    uint64_t number = otherwise;
    while (number == otherwise && fgets(line, sizeof line, in) != NULL) {
        char *end, *text = line + strlen(label);
        if (strncmp(line, label, strlen(label)) != 0)
            continue;
        uint64_t value = strtoull(text, &end, 10);
        if (end != text)
            number = value;
    }
    fclose(in);
    return number;
}

/* Of this process's control group, as it sees it; UINT64_MAX: none. */
static uint64_t group_limit(void)
{
    char line[512], file[600];
    uint64_t limit = number_in("/sys/fs/cgroup/memory.max", "", UINT64_MAX);
    FILE *in = fopen("/proc/self/cgroup", "re");
    while (in != NULL && fgets(line, sizeof line, in) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "0::", 3) != 0)
            continue;
        snprintf(file, sizeof file, "/sys/fs/cgroup%s/memory.max", line + 3);
        uint64_t own = number_in(file, "", UINT64_MAX);
        limit = own < limit ? own : limit;
    }
    if (in != NULL)
        fclose(in);
    return limit;
}

/* What may still be had, by the narrowest of all limits. */
static uint64_t memory_left(void)
{
    struct rlimit space;
    uint64_t left = number_in("/proc/meminfo", "MemAvailable:", UINT64_MAX / 1024) * 1024;
    uint64_t group = group_limit();
    CHECK(getrlimit(RLIMIT_AS, &space) == 0);
    left = group < left ? group : left;
    return space.rlim_cur != RLIM_INFINITY && space.rlim_cur < left ? space.rlim_cur : left;
}

/* As a run reserves it, for a batch of a million accounts. */
static uint64_t memory_needed(const struct doctor *doctor)
{
    // A configuration with errors may not have come as far as that.
    uint32_t partitions = (uint32_t)doctor->config->partitions;
    struct run run = {.config = doctor->config,
                      .banks = doctor->banks,
                      .partition_count = partitions > 0 ? partitions : 1};
    struct settle_start start = {
        .batch_id = 1, .epoch = 1, .accounts = ACCOUNTS / run.partition_count + 1};
    uint64_t bytes = LIBRARIES_BYTES;
    struct hash *hash = hash_open();
    CHECK(hash != NULL);
    for (uint32_t i = 0; i < run.partition_count; i++) {
        struct settle_config config = run_try_settle_config(&run, i);
        struct arena arena;
        arena_init(&arena, NULL, 0);
        settle_init(&arena, hash, &config, &start, 0);
        bytes += arena.used_bytes;
    }
    hash_close(hash);
    return bytes;
}

static void look_at_memory(struct doctor *doctor)
{
    if (doctor->banks.count == 0)
        return; // the banks' limits are part of the sum
    uint64_t needed = memory_needed(doctor), left = memory_left();
    if (left < needed)
        doctor_fail(
            doctor, "memory", JOB_BAD_CONFIG,
            "raise the limit (systemd: MemoryMax=, Kubernetes: resources.limits.memory), or "
            "lower run.slots and run.chunk_records",
            "%" PRIu64 " MiB are needed for a million accounts, %" PRIu64 " MiB to be had",
            needed / MIB, left / MIB);
    else
        doctor_ok(doctor, "memory",
                  "%" PRIu64 " MiB for a million accounts, %" PRIu64 " MiB to be had", needed / MIB,
                  left / MIB);
}

/* ---- the state folder ---- */

static void look_into(struct doctor *doctor, const char *folder)
{
    struct statvfs disk;
    struct stat about;
    if (stat(folder, &about) != 0 || !S_ISDIR(about.st_mode)) {
        doctor_warn(doctor, "state folder", "make it, for daybook's user (a run tries to, too)",
                    "%s: %s", folder, errno == 0 ? "not a folder" : strerror(errno));
    } else if (access(folder, W_OK | X_OK) != 0) {
        doctor_warn(doctor, "state folder", "let daybook's user write there",
                    "%s: %s; an older copy of the database would not be noticed", folder,
                    strerror(errno));
    } else if (statvfs(folder, &disk) == 0 &&
               (uint64_t)disk.f_bavail * disk.f_frsize < STATE_LEAST_BYTES) {
        doctor_warn(doctor, "state folder", "make room", "%s: only %" PRIu64 " MiB are left",
                    folder, (uint64_t)disk.f_bavail * disk.f_frsize / MIB);
    } else {
        doctor_ok(doctor, "state folder", "%s, %" PRIu64 " MiB free", folder,
                  (uint64_t)disk.f_bavail * disk.f_frsize / MIB);
    }
}

static void look_at_state(struct doctor *doctor)
{
    char *folder = run_heads_folder(doctor->config);
    errno = 0;
    if (folder != NULL)
        look_into(doctor, folder);
    else
        doctor_warn(doctor, "state folder", "set state_folder: /var/lib/daybook",
                    "none: an older copy of the database would not be noticed");
    free(folder);
}

void doctor_machine(struct doctor *doctor)
{
    doctor_group(doctor, "machine");
    look_at_kernel(doctor);
    look_at_ring(doctor);
    look_at_files(doctor);
    look_at_memory(doctor);
    look_at_state(doctor);
}
