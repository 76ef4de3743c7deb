#include "jobs/cluster.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "jobs/child.h"
#include "jobs/file.h"
#include "jobs/folder.h"
#include "jobs/job.h"

#define BASE_BYTES_MAX 60 /* a socket's path has room for 107 bytes */
#define LOG_BYTES_MAX (1U << 20)
#define LOG_LINES_SHOWN 12
#define START_WAIT_MS 60000
#define STOP_WAIT_MS 15000
#define LOOK_EVERY_MS 20
#define SERVERS "/usr/lib/postgresql/*/bin/initdb"

struct cluster {
    char *programs; /* folder of initdb and postgres */
    char *folder, *data, *log;
    uid_t user; /* who runs it */
    gid_t group;
    pid_t pid; /* 0: not running */
};

/* ---- the programs ---------------------------------------------------------------------------- */

static long version_of(const char *path)
{
    return strtol(path + strlen("/usr/lib/postgresql/"), NULL, 10);
}

/* The newest that Debian installed, else what is in PATH. To be freed. */
static char *find_programs(void)
{
    glob_t found;
    char *newest = NULL, folder[4096];
    if (glob(SERVERS, 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++)
            if (newest == NULL || version_of(found.gl_pathv[i]) > version_of(newest))
                newest = found.gl_pathv[i];
        if (newest != NULL) {
            newest = strdup(newest);
            *strrchr(newest, '/') = '\0';
        }
        globfree(&found);
    }
    const char *rest = newest == NULL ? getenv("PATH") : NULL;
    while (newest == NULL && rest != NULL && *rest != '\0') {
        size_t bytes = strcspn(rest, ":");
        snprintf(folder, sizeof folder, "%.*s/initdb", (int)bytes, rest);
        if (bytes > 0 && bytes < sizeof folder - 8 && access(folder, X_OK) == 0)
            newest = strndup(rest, bytes);
        rest += bytes + (rest[bytes] == ':');
    }
    return newest;
}

static int choose_user(struct cluster *cluster)
{
    cluster->user = geteuid();
    cluster->group = getegid();
    if (cluster->user != 0)
        return JOB_DONE;
    const struct passwd *postgres = getpwnam("postgres");
    if (postgres == NULL)
        return job_fail(JOB_UNREACHABLE, "run it as another user than root",
                        "Postgres refuses root, and there is no user postgres to run it");
    cluster->user = postgres->pw_uid;
    cluster->group = postgres->pw_gid;
    return JOB_DONE;
}

/* ---- processes ------------------------------------------------------------------------------- */

/* What the server gives back to the kernel after each COPY it would ask for again for the next. */
static void keep_its_memory(void)
{
    (void)setenv("MALLOC_TOP_PAD_", "67108864", 1);
    (void)setenv("MALLOC_TRIM_THRESHOLD_", "268435456", 1);
    (void)setenv("MALLOC_MMAP_THRESHOLD_", "268435456", 1);
}

/* Never root; what it says goes to the log. */
static _Noreturn void become(const struct cluster *cluster, char *const argv[], pid_t parent)
{
    int log = open(cluster->log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    int nothing = open("/dev/null", O_RDONLY);
    (void)setsid(); // Ctrl-C ends the command first, and that ends this
    if (log < 0 || nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(log, STDOUT_FILENO) < 0 ||
        dup2(log, STDERR_FILENO) < 0 || chdir(cluster->folder) != 0)
        _exit(126);
    if (geteuid() == 0 &&
        (fchown(log, cluster->user, cluster->group) != 0 || setgroups(0, NULL) != 0 ||
         setgid(cluster->group) != 0 || setuid(cluster->user) != 0))
        _exit(126);
    signal(SIGPIPE, SIG_DFL);
    // After setuid, which would forget it.
    if (prctl(PR_SET_PDEATHSIG, SIGINT) != 0 || getppid() != parent)
        _exit(126);
    keep_its_memory();
    execv(argv[0], argv);
    dprintf(STDERR_FILENO, "%s: %s\n", argv[0], strerror(errno));
    _exit(127);
}

static pid_t start(const struct cluster *cluster, char *const argv[])
{
    pid_t parent = getpid();
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        become(cluster, argv, parent);
    return pid;
}

/* The end of its log, one message. */
static int fail_with_log(const struct cluster *cluster, const char *what)
{
    char error[FILE_ERROR_BYTES];
    size_t bytes;
    char *text = file_read(cluster->log, LOG_BYTES_MAX, &bytes, error);
    const char *shown = text;
    for (int lines = 0; text != NULL && bytes > 0; bytes--)
        if (text[bytes - 1] == '\n' && ++lines > LOG_LINES_SHOWN) {
            shown = text + bytes;
            break;
        }
    int exit_code = job_fail(JOB_UNREACHABLE,
                             "free memory and space for it; or name a server of "
                             "yours with --database",
                             "%s\n%s", what, shown == NULL ? error : shown);
    free(text);
    return exit_code;
}

static char *join(const char *a, const char *b)
{
    return file_in(a, b);
}

/* Takes any memory of a word, for execv. */
static char *word(const char *text)
{
    return (char *)(uintptr_t)text;
}

/* ---- making ---------------------------------------------------------------------------------- */

/* May this user go down there? */
static bool is_open_to_all(const char *folder)
{
    char path[BASE_BYTES_MAX + 1];
    struct stat about;
    for (size_t i = 1; folder[i - 1] != '\0' && i <= BASE_BYTES_MAX; i++) {
        if (folder[i] != '/' && folder[i] != '\0')
            continue;
        memcpy(path, folder, i);
        path[i] = '\0';
        if (stat(path, &about) != 0 || (about.st_mode & S_IXOTH) == 0)
            return false;
    }
    return true;
}

static int make_folder(struct cluster *cluster)
{
    const char *base = folder_base();
    bool fits = strlen(base) <= BASE_BYTES_MAX;
    if (!fits || (geteuid() == 0 && !is_open_to_all(base)))
        base = "/tmp";
    cluster->folder = folder_make(base, "daybook-pg");
    if (cluster->folder == NULL ||
        (geteuid() == 0 && chown(cluster->folder, cluster->user, cluster->group) != 0))
        return job_fail(JOB_TRY_AGAIN, "name another folder by TMPDIR",
                        "no folder for a private Postgres below %s: %s", base, strerror(errno));
    cluster->data = join(cluster->folder, "data");
    cluster->log = join(cluster->folder, "server.log");
    return JOB_DONE;
}

static int init(const struct cluster *cluster)
{
    char *program = join(cluster->programs, "initdb");
    char *const argv[] = {program,
                          word("-D"),
                          cluster->data,
                          word("-U"),
                          word("postgres"),
                          word("-A"),
                          word("trust"),
                          word("-E"),
                          word("UTF8"),
                          word("--locale=C"),
                          word("--no-sync"),
                          word("--no-instructions"),
                          NULL};
    pid_t pid = start(cluster, argv);
    int code = pid < 0 ? JOB_INTERNAL : child_wait(pid);
    free(program);
    if (child_signal() != 0)
        return JOB_STOPPED;
    return code == 0 ? JOB_DONE : fail_with_log(cluster, "could not make a private Postgres:");
}

static int configure(const struct cluster *cluster, const char *const *settings, size_t count)
{
    char *file = join(cluster->data, "postgresql.conf");
    FILE *out = fopen(file, "ae");
    int exit_code = JOB_DONE;
    if (out != NULL) {
        fprintf(out,
                "listen_addresses = ''\n"
                "unix_socket_directories = '%s'\n"
                "max_connections = 50\n"
                "log_destination = stderr\n"
                "logging_collector = off\n",
                cluster->folder);
        for (size_t i = 0; i < count; i++)
            fprintf(out, "%s\n", settings[i]);
    }
    bool good = out != NULL && ferror(out) == 0;
    if (out == NULL || fclose(out) != 0 || !good)
        exit_code = job_fail(JOB_TRY_AGAIN, "is the disk full?", "%s: %s", file, strerror(errno));
    free(file);
    return exit_code;
}

/* The server writes its pid and, once it takes sessions, "ready" there. */
static bool is_ready(const struct cluster *cluster)
{
    char error[FILE_ERROR_BYTES], *file = join(cluster->data, "postmaster.pid");
    size_t bytes;
    char *text = file_read(file, 4096, &bytes, error);
    bool ready =
        text != NULL && strtol(text, NULL, 10) == cluster->pid && strstr(text, "\nready") != NULL;
    free(text);
    free(file);
    return ready;
}

static bool has_ended(struct cluster *cluster)
{
    int status;
    if (cluster->pid != 0 && waitpid(cluster->pid, &status, WNOHANG) == cluster->pid)
        cluster->pid = 0;
    return cluster->pid == 0;
}

static int boot(struct cluster *cluster)
{
    char *program = join(cluster->programs, "postgres");
    char *const argv[] = {program, word("-D"), cluster->data, NULL};
    pid_t pid = start(cluster, argv);
    free(program);
    if (pid < 0)
        return job_fail(JOB_TRY_AGAIN, NULL, "no process: %s", strerror(errno));
    cluster->pid = pid;
    for (int waited_ms = 0; waited_ms < START_WAIT_MS && !has_ended(cluster);
         waited_ms += LOOK_EVERY_MS) {
        if (is_ready(cluster))
            return JOB_DONE;
        if (child_signal() != 0)
            return JOB_STOPPED;
        (void)poll(NULL, 0, LOOK_EVERY_MS);
    }
    return fail_with_log(cluster, "a private Postgres did not start:");
}

struct cluster *cluster_open(const char *const *settings, size_t setting_count, int *exit_code)
{
    struct cluster *cluster = calloc(1, sizeof *cluster);
    CHECK(cluster != NULL);
    cluster->programs = find_programs();
    *exit_code = cluster->programs != NULL
                     ? choose_user(cluster)
                     : job_fail(JOB_UNREACHABLE,
                                "apt-get install postgresql; or name a server with --database",
                                "the programs of a Postgres server were not found");
    if (*exit_code == JOB_DONE)
        *exit_code = make_folder(cluster);
    if (*exit_code == JOB_DONE)
        *exit_code = init(cluster);
    if (*exit_code == JOB_DONE)
        *exit_code = configure(cluster, settings, setting_count);
    if (*exit_code == JOB_DONE)
        *exit_code = boot(cluster);
    if (*exit_code == JOB_DONE)
        return cluster;
    cluster_close(cluster);
    return NULL;
}

/* ---- ending ---------------------------------------------------------------------------------- */

/* At once: what it would still write is thrown away. Where that is not heeded, harder. */
static void halt(struct cluster *cluster)
{
    static const int signals[] = {SIGQUIT, SIGKILL};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0] && cluster->pid != 0; i++) {
        kill(cluster->pid, signals[i]);
        for (int waited_ms = 0; waited_ms < STOP_WAIT_MS && !has_ended(cluster);
             waited_ms += LOOK_EVERY_MS)
            (void)poll(NULL, 0, LOOK_EVERY_MS);
    }
}

void cluster_close(struct cluster *cluster)
{
    if (cluster == NULL)
        return;
    halt(cluster);
    if (cluster->folder != NULL)
        folder_remove(cluster->folder);
    free(cluster->programs);
    free(cluster->folder);
    free(cluster->data);
    free(cluster->log);
    free(cluster);
}

pid_t cluster_pid(const struct cluster *cluster)
{
    return cluster->pid;
}

const char *cluster_conninfo(const struct cluster *cluster, const char *database,
                             char conninfo[CLUSTER_CONNINFO_BYTES])
{
    int used = snprintf(conninfo, CLUSTER_CONNINFO_BYTES,
                        "host=%s port=5432 user=postgres dbname=%s", cluster->folder, database);
    CHECK(used > 0 && used < CLUSTER_CONNINFO_BYTES);
    return conninfo;
}
